// SPDX-License-Identifier: Apache-2.0
// Standing: which of several reports of one thing counts. Inner part of summary.hpp.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "bus/outreach/summary.hpp"

namespace lienthong::outreach {

// Each superseded message with the newest one that took its place. Only an agency's own later
// message supersedes; anything else is ignored.
std::map<MessageId, MessageId> superseded_messages(std::span<const Reported> figures);

// Rows in order of position; those already superseded are left alone.
void judge_joint(std::vector<Row>& rows);

}  // namespace lienthong::outreach
