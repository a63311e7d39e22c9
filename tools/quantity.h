// Numbers as a person reads them.
#ifndef SVARI_TOOLS_QUANTITY_H
#define SVARI_TOOLS_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

enum { SVARI_QUANTITY_TEXT_BYTES = 48 };

// "512 B", "1.5 KiB", "256 GiB". Returns text, of SVARI_QUANTITY_TEXT_BYTES.
char *svari_bytes_text(uint64_t bytes, char *text);
// A length of time: "12 ns", "3.4 ms", "2.0 s", "5 min", "3.2 h", "4.1 d".
char *svari_duration_text(int64_t duration_ns, char *text);
// A point of CLOCK_REALTIME as local time: "2026-01-31 14:03:12.345".
char *svari_time_text(int64_t time_ns, char *text);
// CLOCK_REALTIME, now.
int64_t svari_time_now_ns(void);

SVAR_END_DECLS
#endif
