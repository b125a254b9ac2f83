// SPDX-License-Identifier: Apache-2.0
// How a command of overlayctl ends.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace overlay::ctl {

/// The exit codes that scripts rely on (overlayctl(1)).
enum class Exit : int {
  done = 0,
  no = 1,  // the answer is "no" or "degraded"
  usage = 2,
  unreachable = 3,  // no overlayd answers
};

/// Ends a command early: the exit code and the sentence for stderr.
class Stop {
 public:
  Stop() = default;  // boost::system::result asks for it
  // Not an aggregate: an Exit alone could be taken for a Stop, and Outcome<Exit> would not know which is
  // meant.
  Stop(Exit with, std::string why) : exit(with), text(std::move(why)) {}

  Exit exit = Exit::no;
  std::string text;
};

[[noreturn]] inline void throw_exception_from_error(const Stop& stop,
                                                    const boost::source_location& /*where*/) {
  throw std::logic_error("value() of a command that stopped: " + stop.text);
}

template <class T>
using Outcome = boost::system::result<T, Stop>;

}  // namespace overlay::ctl
