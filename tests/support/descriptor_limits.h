// SPDX-License-Identifier: MIT
// Cases in which no descriptor is left.
#pragma once

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QMPSHOT_WITH_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define QMPSHOT_WITH_ASAN
#endif

#ifdef QMPSHOT_WITH_ASAN
#define QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS()                                                       \
  GTEST_SKIP() << "the sanitizers need descriptors themselves: UBSan looks at objects through a " \
                  "pipe, and their libraries are opened at the start"
#else
#define QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS() (void)0
#endif
