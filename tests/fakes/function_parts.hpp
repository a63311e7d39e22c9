// What a function is made of, as its options want it. What it points to must live as long.
#ifndef TESTS_FAKES_FUNCTION_PARTS_HPP
#define TESTS_FAKES_FUNCTION_PARTS_HPP

#include <vector>

#include "shared_variable/shared_variable.h"

namespace svar_test
{

struct FunctionParts {
  std::vector<svar_function_input_t> inputs;
  std::vector<svar_function_output_t> outputs;
  std::vector<svar_function_update_t> updates;

  svar_function_options_t options() const
  {
    svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
    options.inputs = inputs.data();
    options.input_count = inputs.size();
    options.outputs = outputs.data();
    options.output_count = outputs.size();
    options.updates = updates.data();
    options.update_count = updates.size();
    return options;
  }
};

} // namespace svar_test

#endif
