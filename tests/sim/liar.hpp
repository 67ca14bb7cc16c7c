// SPDX-License-Identifier: Apache-2.0
// Liar: the broker of a run that is not honest. After a random while it begins to lie to one node
// in one way, with the log's own key, and that node must raise the alarm that has this name within
// a bound. Until then the run is an honest one and is checked as such.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/journal/memory_journal.hpp"
#include "bus/wire/command.hpp"
#include "tests/sim/plan.hpp"

namespace lienthong::sim {

class Province;

class Liar {
  public:
    Liar(Province& province, Lie lie);

    void run();
    // What goes to a node may be changed here; true: it was.
    bool tamper(const std::string& slug, wire::Command& answer);
    bool has_begun() const { return begun_; }
    // The log on the broker's disk is not the one that was followed.
    bool log_is_false() const { return log_is_false_; }

  private:
    void begin();
    bool ready() const;
    bool spoil(message::Delivery& delivery);
    bool reorder(message::Delivery& delivery);
    void copy_disks();
    void put_copies();
    void rewrite_log();
    void go_on(std::size_t steps);
    bool alarm_is_raised() const;
    std::vector<std::string> alarms_wanted() const;
    std::uint64_t cursor_of_victim() const;

    Province& province_;
    const Lie lie_;
    std::string victim_;
    bool variant_ = false;  // of two ways to do it
    bool begun_ = false;
    bool log_is_false_ = false;
    std::size_t told_ = 0;  // lies so far
    std::string frozen_head_;
    std::map<std::string, std::shared_ptr<journal::MemoryDisk>> copies_;  // "" is the broker's
};

}  // namespace lienthong::sim
