// SPDX-License-Identifier: MIT
// Cases that cannot be seen while a sanitizer looks on.
#pragma once

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QMPSHOT_WITH_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define QMPSHOT_WITH_TSAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define QMPSHOT_WITH_ASAN
#endif
#ifdef __SANITIZE_THREAD__
#define QMPSHOT_WITH_TSAN
#endif

#ifdef QMPSHOT_WITH_ASAN
#define QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS()                                                       \
  GTEST_SKIP() << "the sanitizers need descriptors themselves: UBSan looks at objects through a " \
                  "pipe, and their libraries are opened at the start"
#else
#define QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS() (void)0
#endif

#if defined(QMPSHOT_WITH_ASAN) || defined(QMPSHOT_WITH_TSAN)
#define QMPSHOT_REQUIRE_MEMORY_LIMITS() \
  GTEST_SKIP() << "the sanitizers map more memory themselves than a limit leaves"
#else
#define QMPSHOT_REQUIRE_MEMORY_LIMITS() (void)0
#endif

#ifdef QMPSHOT_WITH_TSAN
#define QMPSHOT_REQUIRE_RACES() GTEST_SKIP() << "a race is what is looked at"
#else
#define QMPSHOT_REQUIRE_RACES() (void)0
#endif
