// SPDX-License-Identifier: Apache-2.0
// Errors are values: Result<T> holds a T or an Error that says what is wrong, mine and theirs, and the cure.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace overlay {

/// What kind of failure it is; the text carries the particulars.
enum class Errc {
  invalid,      // input that cannot be what it should be
  not_found,    // the thing asked for is not there
  exists,       // the thing to be made is there already
  conflict,     // two truths that cannot both hold
  refused,      // a peer or a rule said no
  unavailable,  // not now; trying again later can succeed
  exhausted,    // a bound or a pool is used up
  io,           // the operating system failed us
  corrupt,      // stored bytes that are not what was written
  unsupported,  // this kernel, file or peer is too old or too new
};

/// "invalid", "not found", …
std::string_view name(Errc code);

/// A failure: its kind and one sentence, lower case, no full stop.
struct Error {
  Errc code;
  std::string text;

  friend bool operator==(const Error&, const Error&) = default;
};

/// Called by Result::value() when there is no value: that is a bug, so it throws std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

/// Success without a value.
using Status = Result<void>;

/// `return fail(Errc::invalid, "…")` from any function that returns a Result.
inline Error fail(Errc code, std::string text) { return Error{code, std::move(text)}; }

/// Puts `context: ` before an error's sentence.
Error with_context(std::string_view context, Error error);

/// Discards a result on purpose; `why` is read by people only.
template <class T>
void ignore_error(const Result<T>& /*result*/, std::string_view /*why*/) {}

}  // namespace overlay

/// OVERLAY_TRY(auto x, expression): x is the value, or the enclosing function returns the error.
#define OVERLAY_TRY_JOIN_(a, b) a##b
#define OVERLAY_TRY_NAME_(a, b) OVERLAY_TRY_JOIN_(a, b)
#define OVERLAY_TRY(declaration, ...) \
  OVERLAY_TRY_IMPL_(OVERLAY_TRY_NAME_(overlay_try_, __LINE__), declaration, __VA_ARGS__)
#define OVERLAY_TRY_IMPL_(result, declaration, ...) \
  auto result = (__VA_ARGS__);                      \
  if (!result) return std::move(result).error();    \
  declaration = *std::move(result)

/// OVERLAY_CHECK(expression): returns the error of a Status (or of a Result whose value is not wanted).
#define OVERLAY_CHECK(...)                                              \
  if (auto overlay_check_result = (__VA_ARGS__); !overlay_check_result) \
  return std::move(overlay_check_result).error()
