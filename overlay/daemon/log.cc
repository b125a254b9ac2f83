// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace overlay::daemon {
namespace {

/// The level as journald reads it: a digit of syslog's (sd-daemon(3)).
class JournalLevel : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const char digit = message.level >= spdlog::level::err    ? '3'
                       : message.level == spdlog::level::warn ? '4'
                       : message.level == spdlog::level::info ? '6'
                                                              : '7';
    out.push_back(digit);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JournalLevel>(); }
};

std::unique_ptr<spdlog::formatter> formatter() {
  auto out = std::make_unique<spdlog::pattern_formatter>();
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  if (journal) out->add_flag<JournalLevel>('*');
  out->set_pattern(journal ? "<%*>%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  return out;
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_.,:/[]%@+").find(c) != std::string::npos;
}

std::string quoted(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(std::iscntrl(static_cast<unsigned char>(c)) != 0 ? ' ' : c);
  }
  return out + "\"";
}

spdlog::level::level_enum level_of(node::Event::Level level) {
  switch (level) {
    case node::Event::Level::error:
      return spdlog::level::err;
    case node::Event::Level::warning:
      return spdlog::level::warn;
    case node::Event::Level::info:
      break;
  }
  return spdlog::level::info;
}

}  // namespace

void open_log(spdlog::level::level_enum level) {
  auto logger =
      std::make_shared<spdlog::logger>("overlayd", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_formatter(formatter());
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(spdlog::level::level_enum level) { spdlog::set_level(level); }

std::string log_line(std::string_view kind, Fields fields) {
  std::string out(kind);
  for (const auto& [key, value] : fields) {
    if (value.empty()) continue;
    const bool plain = std::all_of(value.begin(), value.end(), is_plain);
    out += " " + std::string(key) + "=" + (plain ? value : quoted(value));
  }
  return out;
}

void log(spdlog::level::level_enum level, std::string_view kind, Fields fields) {
  if (spdlog::should_log(level)) spdlog::log(level, log_line(kind, fields));
}

void log(const node::Event& event) {
  log(level_of(event.level), event.kind,
      {{"subject", event.subject}, {"from", event.from}, {"to", event.to}, {"text", event.text}});
}

}  // namespace overlay::daemon
