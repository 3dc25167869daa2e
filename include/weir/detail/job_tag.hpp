// What a job's library says of the engine that it was compiled for. A library holds code of the
// engine, its headers, and shares objects with it: both must be laid out alike. So the tags must be
// equal, to the letter. It lies in a section of its own, to be read before anything is loaded.
#pragma once

#define WEIR_JOB_SECTION ".weir.job"

#define WEIR_DETAIL_TEXT_OF(x) #x
#define WEIR_DETAIL_TEXT(x) WEIR_DETAIL_TEXT_OF(x)

#if defined(__clang__)
#define WEIR_DETAIL_COMPILER "clang " WEIR_DETAIL_TEXT(__clang_major__)
#else
#define WEIR_DETAIL_COMPILER "gcc " WEIR_DETAIL_TEXT(__GNUC__)
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_DETAIL_SANITIZER " with address sanitizer"
#elif __has_feature(thread_sanitizer)
#define WEIR_DETAIL_SANITIZER " with thread sanitizer"
#endif
#endif
#if !defined(WEIR_DETAIL_SANITIZER) && defined(__SANITIZE_ADDRESS__)
#define WEIR_DETAIL_SANITIZER " with address sanitizer"
#elif !defined(WEIR_DETAIL_SANITIZER) && defined(__SANITIZE_THREAD__)
#define WEIR_DETAIL_SANITIZER " with thread sanitizer"
#elif !defined(WEIR_DETAIL_SANITIZER)
#define WEIR_DETAIL_SANITIZER ""
#endif

// "Weir VERSION-HASH_OF_HEADERS, entry point 1, gcc 12". The number is that of what WEIR_JOB
// exports; WEIR_BUILD is defined by the build.
#define WEIR_JOB_TAG \
  "Weir " WEIR_BUILD ", entry point 1, " WEIR_DETAIL_COMPILER WEIR_DETAIL_SANITIZER
