// What tests of messages and lists say in one line.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "mien/core/error.h"

namespace mien::testing {

/// The message of the InputError that `action` ends with.
template <class Action>
std::string refusal_of(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in \"" << text << "\"";
}

template <class T>
::testing::AssertionResult holds(const std::vector<T>& found,
                                 std::initializer_list<std::type_identity_t<T>> expected) {
  if (std::equal(found.begin(), found.end(), expected.begin(), expected.end())) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "found " << ::testing::PrintToString(found);
}

}  // namespace mien::testing
