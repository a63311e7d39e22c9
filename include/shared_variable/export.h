// Visibility, attributes and C linkage shared by every public header.
#ifndef SHARED_VARIABLE_EXPORT_H
#define SHARED_VARIABLE_EXPORT_H

#ifdef __cplusplus
#define SVAR_BEGIN_DECLS extern "C" {
#define SVAR_END_DECLS }
#else
#define SVAR_BEGIN_DECLS
#define SVAR_END_DECLS
#endif

/// Zeroes a struct at its definition, in C as in C++ without a warning.
#ifdef __cplusplus
#define SVAR_ZERO_INIT                                                                             \
  {                                                                                                \
  }
#else
#define SVAR_ZERO_INIT                                                                             \
  {                                                                                                \
    0                                                                                              \
  }
#endif

/// Marks what a shared object exports; everything else is hidden.
#define SVAR_PUBLIC __attribute__((visibility("default")))
/// The result says whether the call worked: ignoring it is a compiler warning.
#define SVAR_MUST_USE __attribute__((warn_unused_result))
#define SVAR_PRINTF(format_index, first_argument)                                                  \
  __attribute__((format(printf, format_index, first_argument)))

#endif
