// SPDX-License-Identifier: Apache-2.0
// Rules that several root tables share; the tables are declared here only, their generated headers
// stay in the .cpp files. Private to bus/message.
#pragma once

#include "bus/message/checker.hpp"

namespace lienthong::fb {
struct Address;
struct Contact;
struct DocumentInfo;
struct SupportNeeds;
}  // namespace lienthong::fb

namespace lienthong::message {

void check_document(Checker& checker, const fb::DocumentInfo& document);
void check_address(Checker& checker, const fb::Address& address);
void check_contact(Checker& checker, const fb::Contact& contact);
void check_needs(Checker& checker, const fb::SupportNeeds& needs);

}  // namespace lienthong::message
