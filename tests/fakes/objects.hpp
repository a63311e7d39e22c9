// Objects for tests: texts, which count how many of them are alive.
#ifndef SVAR_TESTS_OBJECTS_HPP
#define SVAR_TESTS_OBJECTS_HPP

#include <atomic>
#include <string>

#include "shared_variable/shared_variable.h"

namespace svar_test
{

inline std::atomic<int> &
living_texts()
{
  static std::atomic<int> count{0};
  return count;
}

inline svar_ret_t
copy_text(const void *object, void **out_copy)
{
  living_texts()++;
  *out_copy = new std::string(*static_cast<const std::string *>(object));
  return SVAR_OK;
}

inline void
destroy_text(void *object)
{
  living_texts()--;
  delete static_cast<std::string *>(object);
}

inline const svar_object_class_t *
text_class()
{
  static const svar_object_class_t told = {sizeof(told), "text", copy_text, destroy_text};
  return &told;
}

/// A text that the caller owns until it is moved: then release() it.
class Text
{
public:
  explicit Text(const char *text) : text_(new std::string(text)), object_{text_, text_class()}
  {
    living_texts()++;
  }
  ~Text()
  {
    if (text_ != nullptr) {
      destroy_text(text_);
    }
  }
  Text(const Text &) = delete;
  Text &operator=(const Text &) = delete;

  svar_source_t source() const
  {
    return svar_object_source(&object_);
  }
  /// It was moved; the text itself is still there to look at and to change.
  std::string *release()
  {
    std::string *text = text_;
    text_ = nullptr;
    return text;
  }
  std::string *get() const
  {
    return text_;
  }

private:
  std::string *text_;
  svar_object_t object_;
};

/// What a variable holds, for the length of a scope.
class HeldText
{
public:
  HeldText(svar_variable_t *variable, svar_borrow_t borrow)
      : ret_(svar_object_get(variable, borrow, &value_))
  {
  }
  ~HeldText()
  {
    svar_object_value_release(&value_);
  }
  HeldText(const HeldText &) = delete;
  HeldText &operator=(const HeldText &) = delete;

  svar_ret_t ret() const
  {
    return ret_;
  }
  std::string *get() const
  {
    return static_cast<std::string *>(value_.object.pointer);
  }
  const svar_object_value_t &value() const
  {
    return value_;
  }

private:
  svar_object_value_t value_ = SVAR_OBJECT_VALUE_INIT;
  svar_ret_t ret_;
};

} // namespace svar_test

#endif
