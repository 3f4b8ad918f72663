# SPDX-License-Identifier: MIT
# What every target is compiled with.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(QMPSHOT_CCACHE ccache)
if(QMPSHOT_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${QMPSHOT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QMPSHOT_CCACHE})
endif()

add_library(qmpshot_warnings INTERFACE)
target_compile_options(qmpshot_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms of GCC 12: overlapping copies in "literal" + std::string (GCC bug 105651), and
  # Asio's own operator new and delete for coroutine frames taken for a mismatch when inlined apart.
  target_compile_options(qmpshot_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict> $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
endif()

if(QMPSHOT_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Instrumented code confuses GCC's flow analysis, in std::regex for one: GCC's manual says so.
  target_compile_options(qmpshot_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
if(QMPSHOT_SANITIZE)
  add_compile_options(-fsanitize=${QMPSHOT_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${QMPSHOT_SANITIZE})
  if(QMPSHOT_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio's atomic_thread_fence, which TSan does not see
  endif()
  if(QMPSHOT_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Clang 14 cannot mark coroutines' functions: "Cannot represent a difference across sections".
    add_compile_options(-fno-sanitize=function)
  endif()
  set(QMPSHOT_STATIC OFF)  # the sanitizers' runtimes want a dynamic program
endif()

if(QMPSHOT_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)  # coverage everywhere, libFuzzer's main where linked
endif()

# For code that waits more than it computes: the smaller it is, the fewer of its pages are mapped when
# a program runs for milliseconds. 1 to 2 % of a screenshot in VMs where page faults are dear.
set(QMPSHOT_FOR_SIZE $<$<CONFIG:Release>:-Os>)

if(QMPSHOT_STATIC)
  # A linker can then leave out what nobody calls, and order the rest: tools/qmpshot/one_shot.ld. Not
  # strings that are the end of another one somewhere else: each would cost a page. clang++ has no
  # option for that.
  add_compile_options(-ffunction-sections -fdata-sections
                      $<$<CXX_COMPILER_ID:GNU>:-fno-merge-constants>)
endif()
