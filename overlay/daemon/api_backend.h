// SPDX-License-Identifier: Apache-2.0
// Answers the local API from the core and the kernel.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "overlay/control/backend.h"
#include "overlay/control/view.h"
#include "overlay/daemon/alarms.h"
#include "overlay/daemon/driver.h"
#include "overlay/daemon/kernel_keeper.h"
#include "overlay/daemon/port_remover.h"
#include "overlay/kube/agent.h"

namespace overlay::daemon {

class ApiBackend : public control::Backend {
 public:
  /// `torn_down` is called when there is nothing left to do for this daemon.
  ApiBackend(control::DaemonFacts facts, std::function<void()> torn_down)
      : facts_(facts), torn_down_(std::move(torn_down)) {}
  /// Before the event loop runs.
  void attach(Driver& driver, KernelKeeper& kernel, PortRemover& ports, const Alarms& alarms);
  void attach(std::function<Result<Bytes>()> back_up) { back_up_ = std::move(back_up); }
  void attach(const kube::Agent& kubernetes) { kubernetes_ = &kubernetes; }

  /// Gives a lease back whose interface is gone.
  void release(const ipam::LeaseKey& key, control::LeaseReply reply);

  /// The core's answer to one of our calls.
  void carry_out(node::Answer answer);

  v1::Status status() override;
  control::Overview overview() override;
  v1::Peers peers() override;
  v1::Paths paths() override;
  v1::Links links() override;
  v1::Ipam ipam() override;
  v1::Addresses addresses() override;
  v1::Routes routes() override;
  v1::Version version() override;
  paths::Figures path_figures() override { return driver_->node().path_figures(); }
  mesh::Figures mesh_figures() override { return driver_->node().mesh_figures(); }
  v1::Map map() override;
  void lease_add(const ipam::LeaseRequest& request, control::LeaseReply reply) override;
  void lease_del(const ipam::LeaseKey& key, control::LeaseReply reply) override;
  void lease_check(const ipam::LeaseKey& key, control::LeaseReply reply) override;
  void lease_collect(const std::string& network, const std::set<ipam::LeaseKey>& valid,
                     control::LeaseReply reply) override;
  void forget(const v1::ForgetRequest& request, control::ForgetReply reply) override;
  void extend(const v1::ExtendRequest& request, control::ExtendReply reply) override;
  void assign(const v1::AssignRequest& request, control::AssignReply reply) override;
  void expose(const v1::ExposeRequest& request, control::ExposeReply reply) override;
  void hide(const v1::ExposeRequest& request, control::ExposeReply reply) override;
  void connect(const v1::TargetsRequest& request, control::TargetsReply reply) override;
  void disconnect(const v1::TargetsRequest& request, control::TargetsReply reply) override;
  void drain(bool on, control::DrainReply reply) override;
  void leave(const v1::LeaveRequest& request, control::LeaveReply reply) override;
  void recover(const v1::RecoverRequest& request, control::RecoverReply reply) override;
  Result<std::string> backup() override { return back_up_(); }
  void teardown(control::TeardownReply reply) override;

 private:
  node::View view() const;
  node::View summary() const;
  node::View with_alarms(node::View out) const;
  const control::ClockPair& clocks();
  using Retarget = void (node::Node::*)(node::CallId, const std::vector<HostPort>&, Time);
  void retarget(const v1::TargetsRequest& request, Retarget change, control::TargetsReply reply);
  /// Asks through `ask(node, call, wanted address, now)`.
  template <class Ask>
  void change_exposure(const v1::ExposeRequest& request, control::ExposeReply reply, Ask ask);
  /// Asks the core through `ask(node, call, now)`; carry_out() replies.
  template <class Ask>
  void call(control::LeaseReply reply, Ask ask);
  /// As call(), for who is told `answer` when it is done.
  template <class Message, class Ask>
  void decree(const Message& answer, std::function<void(Result<Message>)> reply, Ask ask);
  /// Answers all who wait; what the core says to them later is not told.
  void refuse_waiting(const Error& error);

  control::DaemonFacts facts_;
  control::ClockPair clocks_{};
  std::function<void()> torn_down_;
  std::function<Result<Bytes>()> back_up_;
  Driver* driver_ = nullptr;
  KernelKeeper* kernel_ = nullptr;
  PortRemover* ports_ = nullptr;
  const kube::Agent* kubernetes_ = nullptr;  // with --kubernetes
  const Alarms* alarms_ = nullptr;
  node::CallId last_call_ = 0;
  std::map<node::CallId, control::LeaseReply> waiting_;
};

}  // namespace overlay::daemon
