// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/certificate_watch.h"

#include <ctime>

#include "overlay/daemon/log.h"

namespace overlay::daemon {
namespace {

constexpr auto interval = std::chrono::seconds(10);

}  // namespace

CertificateWatch::CertificateWatch(boost::asio::io_context& io, const Options& options, const NodeId& node,
                                   transport::Certificates loaded, MeshSessions& sessions, Alarms& alarms)
    : timer_(io),
      options_(options),
      node_(node),
      sessions_(sessions),
      alarms_(alarms),
      seen_(versions()),
      current_(std::move(loaded)) {}

/// Whoever writes the three one after the other is believed when they fit; until then the old ones stay.
void CertificateWatch::look() {
  if (const Versions now = versions(); now != seen_) {
    seen_ = now;
    if (const Status done = take_up(); !done) {
      log(spdlog::level::warn, "security",
          {{"text", done.error().text + "; the certificate before it stays"}});
    }
  }
  judge();
  timer_.expires_after(interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

CertificateWatch::Versions CertificateWatch::versions() const {
  Versions out;
  std::size_t at = 0;
  for (const auto& file : {options_.tls_ca, options_.tls_cert, options_.tls_key}) {
    std::error_code ignored;  // one that is not there differs from when it was
    out.at(at++) = {std::filesystem::last_write_time(file, ignored),
                    std::filesystem::file_size(file, ignored)};
  }
  return out;
}

Status CertificateWatch::take_up() {
  OVERLAY_TRY(auto credentials, load_credentials(options_));
  OVERLAY_CHECK(check_node(options_, *credentials, node_));
  tell(*credentials);
  current_ = std::get<transport::Certificates>(*credentials);
  sessions_.set_credentials(*std::move(credentials));
  return {};
}

void CertificateWatch::judge() {
  const bool late = std::time(nullptr) >= current_.renew_by();
  alarms_.set("certificate-expires", late ? "the certificate of this host (" + current_.text() +
                                                ") is about to expire, and no new session is "
                                                "made with it then; put a new one in the place of " +
                                                options_.tls_cert.string()
                                          : "");
}

}  // namespace overlay::daemon
