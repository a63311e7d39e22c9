#include "tools/diagnosis.h"

#include <stdarg.h>

static const char *
finding_name(svari_finding_t finding)
{
  switch (finding) {
  case SVARI_FINDING_OK:
    return "ok";
  case SVARI_FINDING_NOTE:
    return "note";
  case SVARI_FINDING_PROBLEM:
    return "PROBLEM";
  }
  return "unknown";
}

svari_diagnosis_t
svari_diagnosis_init(bool for_person)
{
  static const char *const titles[] = {"FINDING", "ABOUT", "WHAT"};
  return (svari_diagnosis_t){.table = svari_table_init(titles, 3, for_person)};
}

void
svari_diagnosis_fini(svari_diagnosis_t *diagnosis)
{
  svari_table_fini(&diagnosis->table);
}

void
svari_diagnosis_add(svari_diagnosis_t *diagnosis, svari_finding_t finding, const char *subject,
                    const char *format, ...)
{
  char sentence[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof(sentence), format, arguments);
  va_end(arguments);
  svari_table_add(&diagnosis->table, finding_name(finding));
  svari_table_add(&diagnosis->table, subject);
  svari_table_add(&diagnosis->table, sentence);
  diagnosis->problem_count += finding == SVARI_FINDING_PROBLEM;
}
