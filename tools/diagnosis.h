// What `svar doctor` finds: one sentence a fact, each fine, worth knowing, or a problem.
#ifndef SVARI_TOOLS_DIAGNOSIS_H
#define SVARI_TOOLS_DIAGNOSIS_H

#include "tools/table.h"

typedef enum svari_finding {
  SVARI_FINDING_OK,
  SVARI_FINDING_NOTE,   // changes nothing now, explains something perhaps
  SVARI_FINDING_PROBLEM // something does not work, or will not; the sentence says what to do
} svari_finding_t;

typedef struct svari_diagnosis {
  svari_table_t table; // finding, subject, sentence
  size_t problem_count;
} svari_diagnosis_t;

svari_diagnosis_t svari_diagnosis_init(bool for_person);
void svari_diagnosis_fini(svari_diagnosis_t *diagnosis);
void svari_diagnosis_add(svari_diagnosis_t *diagnosis, svari_finding_t finding, const char *subject,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
