# SPDX-License-Identifier: MIT
# Outside libraries, one target each. Who may link which is decided in the layers' own CMakeLists.
# With QMPSHOT_STATIC their archives are taken, so that a program starts without a dynamic linker.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

if(QMPSHOT_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)
endif()

function(qmpshot_dependency target header)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  add_library(${target} INTERFACE)
  find_path(${target}_INCLUDE ${header} REQUIRED)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE})
  foreach(library IN LISTS ARG_LIBRARIES)
    find_library(${target}_${library} ${library} REQUIRED)
    target_link_libraries(${target} INTERFACE ${${target}_${library}})
  endforeach()
endfunction()

qmpshot_dependency(qmpshot_asio asio.hpp)
# Asio 1.22 finds aligned_alloc only where a header of libstdc++ stands before its own (asio/detail/
# config.hpp asks for _GLIBCXX_HAVE_ALIGNED_ALLOC): files that differ in that would give memory of
# operator new to free().
target_compile_definitions(qmpshot_asio INTERFACE
  ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_HAS_STD_ALIGNED_ALLOC=1)
target_link_libraries(qmpshot_asio INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
  # Clang has C++20 coroutines but announces them only since 17, so libstdc++ and Asio 1.22 hide theirs.
  target_compile_definitions(qmpshot_asio INTERFACE
    __cpp_impl_coroutine=201902L ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
  target_compile_options(qmpshot_asio INTERFACE -Wno-builtin-macro-redefined)
endif()

qmpshot_dependency(qmpshot_rapidjson rapidjson/rapidjson.h)
qmpshot_dependency(qmpshot_libpng png.h LIBRARIES png16 z)
target_link_libraries(qmpshot_libpng INTERFACE m)
qmpshot_dependency(qmpshot_libjpeg jpeglib.h LIBRARIES jpeg)
qmpshot_dependency(qmpshot_libdeflate libdeflate.h LIBRARIES deflate)
# Highway's headers only: libhwy.so costs 3.8 ms at process start, and Debian has no archive of it. What
# its library would do, choosing a target, is ours (encode/kernels.h). No asserts: they are in the library.
# F16C, PCLMUL and AES are not used, so they need not be detected. All targets are compiled, also those
# below what -march promises: encode/kernels_targets.h names them.
qmpshot_dependency(qmpshot_highway hwy/highway.h)
target_compile_definitions(qmpshot_highway INTERFACE
  HWY_IS_DEBUG_BUILD=0 HWY_COMPILE_ALL_ATTAINABLE HWY_DISABLE_F16C
  HWY_DISABLE_PCLMUL_AES)
qmpshot_dependency(qmpshot_xxhash xxhash.h)
qmpshot_dependency(qmpshot_spdlog spdlog/spdlog.h)
# Header-only: the library would cost a dynamic link, and only --verbose ever uses it.
# Thousands are not separated: to ask a std::locale how would link all of them, half a megabyte.
target_compile_definitions(qmpshot_spdlog INTERFACE
  FMT_HEADER_ONLY SPDLOG_FMT_EXTERNAL FMT_STATIC_THOUSANDS_SEPARATOR=',')
