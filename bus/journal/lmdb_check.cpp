// SPDX-License-Identifier: Apache-2.0
// Format of the file: LMDB 0.9, data version 1, in the byte order and word size of this machine.
// A page begins with {u64 own number, u16 pad, u16 flags, u16 lower, u16 upper}; of an overflow
// run, {lower, upper} are its u32 count of pages. Offsets of nodes (u16) stand from byte 16 to
// `lower`; the nodes themselves from `upper` to the end. A node is {u16 low, u16 high, u16 flags,
// u16 key size, key, value}: in a leaf, high:low is the size of the value, which stands in the node
// or, with the flag "big", in the overflow run that the node names; in a branch, flags:high:low is
// the number of the child. Pages 0 and 1 are the two meta pages, written in turn.
#include "bus/journal/lmdb_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bus/base/bytes.hpp"

namespace lienthong::journal {
namespace {

constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kNodeBytes = 8;
constexpr std::size_t kTreeBytes = 48;
constexpr std::size_t kKeyBytesStoredMax = 511;
constexpr std::uint64_t kUnwrittenPagesMax = std::uint64_t{1} << 26;
constexpr std::uint16_t kDepthMax = 32;  // of LMDB's cursors

constexpr std::uint16_t kBranch = 0x01, kLeaf = 0x02, kOverflow = 0x04, kMeta = 0x08;  // of pages
constexpr std::uint16_t kBig = 0x01, kSubtree = 0x02;                                  // of nodes
constexpr std::uint16_t kIntegerKeys = 0x08;                                           // of trees

template <class T>
T number_at(BytesView bytes, std::size_t offset) {
    T value = 0;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

struct Tree {
    std::uint32_t pad = 0;  // of the free tree: the page size
    std::uint16_t flags = 0;
    std::uint16_t depth = 0;
    std::uint64_t branch_pages = 0;
    std::uint64_t leaf_pages = 0;
    std::uint64_t overflow_pages = 0;
    std::uint64_t entries = 0;
    std::uint64_t root = kNoPage;
};

Tree tree_at(BytesView bytes, std::size_t offset) {
    return {number_at<std::uint32_t>(bytes, offset),
            number_at<std::uint16_t>(bytes, offset + 4),
            number_at<std::uint16_t>(bytes, offset + 6),
            number_at<std::uint64_t>(bytes, offset + 8),
            number_at<std::uint64_t>(bytes, offset + 16),
            number_at<std::uint64_t>(bytes, offset + 24),
            number_at<std::uint64_t>(bytes, offset + 32),
            number_at<std::uint64_t>(bytes, offset + 40)};
}

struct Meta {
    Tree free;
    Tree main;
    std::uint64_t last_page = 0;
    std::uint64_t txn = 0;
};
constexpr std::size_t kMetaBytes = kHeaderBytes + 24 + 2 * kTreeBytes + 16;

struct Node {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint16_t flags = 0;
    BytesView key;
    std::uint64_t child = 0;        // of a branch
    std::uint64_t value_bytes = 0;  // of a leaf
};

// free: {transaction, pages that it freed}; main: {name, tree}; table: what the journal stores.
enum class Kind { free, main, table };

// A walk over one tree, in the order of its keys.
struct Walk {
    Kind kind = Kind::free;
    Tree counted;
    std::optional<Bytes> last_key;  // of the leaf entry before
    std::optional<Bytes> bound;     // the separator that the next key must not be below
};

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

std::unexpected<Error> damaged(std::uint64_t page, const char* what) {
    return fail(Code::corrupt, what, "page " + std::to_string(page));
}

class FileCheck {
  public:
    FileCheck(int fd, std::uint64_t file_bytes, std::string path)
        : fd_(fd), file_bytes_(file_bytes), path_(std::move(path)) {}

    Result<std::uint64_t> run() {
        auto checked = check_metas();
        if (!checked) return std::unexpected(checked.error());
        checked = check_tree(newest_.free, Kind::free, newest_page_);
        if (checked) checked = check_older_meta();
        if (checked) checked = check_tree(newest_.main, Kind::main, newest_page_);
        for (std::size_t i = 0; checked && i < tables_.size(); ++i) {
            checked = check_tree(tables_[i].tree, Kind::table, tables_[i].page);
        }
        if (!checked) return std::unexpected(checked.error());
        return pages_used_;
    }

  private:
    struct Table {
        Tree tree;
        std::uint64_t page;  // that it stands on
    };

    Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;
    Result<Bytes> read_page(std::uint64_t page) const;
    Result<Meta> read_meta(std::uint64_t page) const;
    Result<void> check_metas();
    Result<void> check_older_meta() const;
    Result<void> take(std::uint64_t page, std::uint64_t count, std::uint64_t from);
    Result<void> check_tree(const Tree& tree, Kind kind, std::uint64_t page);
    Result<void> check_page(std::uint64_t page,
                            std::uint64_t from,
                            std::uint16_t levels,
                            Walk& walk);
    static Result<std::vector<Node>> read_nodes(std::uint64_t page, BytesView bytes, Kind kind);
    Result<void> check_branch(std::uint64_t page,
                              std::span<const Node> nodes,
                              std::uint16_t levels,
                              Walk& walk);
    Result<void> check_leaf(std::uint64_t page,
                            BytesView bytes,
                            std::span<const Node> nodes,
                            Walk& walk);
    Result<Bytes> check_value(std::uint64_t page, BytesView bytes, const Node& node, Walk& walk);
    Result<void> check_free_list(std::uint64_t page, BytesView key, BytesView list);

    int fd_;
    std::uint64_t file_bytes_;
    std::string path_;
    std::uint64_t page_bytes_ = 0;
    std::uint64_t file_pages_ = 0;
    Meta newest_;
    Meta older_;
    std::uint64_t newest_page_ = 0;
    bool older_root_freed_ = false;
    std::vector<bool> taken_;  // reached by a tree, or in the list of free pages
    std::uint64_t pages_used_ = 2;
    std::vector<Table> tables_;
};

Result<void> FileCheck::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
    while (!out.empty()) {
        const ssize_t got = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return fail(Code::io, "read: " + std::generic_category().message(errno), path_);
        }
        if (got == 0) return fail(Code::corrupt, "the file is too short", path_);
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

Result<Bytes> FileCheck::read_page(std::uint64_t page) const {
    Bytes bytes(page_bytes_);
    auto read = read_at(page * page_bytes_, bytes);
    if (!read) return std::unexpected(read.error());
    if (number_at<std::uint64_t>(bytes, 0) != page) {
        return damaged(page, "the page has the number of another");
    }
    return bytes;
}

Result<Meta> FileCheck::read_meta(std::uint64_t page) const {
    std::array<std::uint8_t, kMetaBytes> bytes{};
    auto read = read_at(page * page_bytes_, bytes);
    if (!read) return std::unexpected(read.error());
    if (number_at<std::uint64_t>(bytes, 0) != page ||
        number_at<std::uint16_t>(bytes, 10) != kMeta ||
        number_at<std::uint32_t>(bytes, kHeaderBytes) != kMagic ||
        number_at<std::uint32_t>(bytes, kHeaderBytes + 4) != kDataVersion) {
        return damaged(page, "not a meta page");
    }
    constexpr std::size_t kTrees = kHeaderBytes + 24;  // after the address and size of the map
    Meta meta;
    meta.free = tree_at(bytes, kTrees);
    meta.main = tree_at(bytes, kTrees + kTreeBytes);
    meta.last_page = number_at<std::uint64_t>(bytes, kTrees + 2 * kTreeBytes);
    meta.txn = number_at<std::uint64_t>(bytes, kTrees + 2 * kTreeBytes + 8);
    if (page_bytes_ != 0 && meta.free.pad != page_bytes_) {
        return damaged(page, "the meta pages differ in the size of pages");
    }
    if (meta.free.flags != kIntegerKeys || meta.main.flags != 0) {
        return damaged(page, "a tree has flags that no journal has");
    }
    return meta;
}

Result<void> FileCheck::check_metas() {
    auto first = read_meta(0);
    if (!first) return std::unexpected(first.error());
    page_bytes_ = first->free.pad;
    if (page_bytes_ < 512 || page_bytes_ > 65536 || (page_bytes_ & (page_bytes_ - 1)) != 0) {
        return damaged(0, "no size of pages");
    }
    file_pages_ = file_bytes_ / page_bytes_;
    auto second = read_meta(1);
    if (!second) return std::unexpected(second.error());
    newest_page_ = second->txn > first->txn ? 1 : 0;
    newest_ = newest_page_ == 1 ? *second : *first;
    older_ = newest_page_ == 1 ? *first : *second;
    // Both are 0 in a new file; from then on they are written in turn, even transactions to page 0.
    const bool is_new = newest_.txn == 0 && older_.txn == 0;
    if (!is_new && (newest_.txn % 2 != newest_page_ || older_.txn + 1 != newest_.txn)) {
        return damaged(newest_page_, "the meta pages are not those of two transactions in turn");
    }
    // Pages at the end that were taken and freed by one transaction were never written, so the file
    // may be shorter than this number says; but not absurdly.
    if (newest_.last_page < 1 || newest_.last_page > file_pages_ + kUnwrittenPagesMax) {
        return damaged(newest_page_, "the last page is out of range");
    }
    taken_.assign(newest_.last_page + 1, false);
    taken_[0] = taken_[1] = true;
    return {};
}

// A flipped number of the transaction would bring back, in silence, the state before it. Each
// transaction writes the main tree's root anew and frees the root before: so the older meta page's
// root must be in the list of what the newest transaction freed.
Result<void> FileCheck::check_older_meta() const {
    if (older_.main.root == kNoPage || older_root_freed_) return {};
    return damaged(newest_page_, "the newest meta page does not follow the older one");
}

Result<void> FileCheck::take(std::uint64_t page, std::uint64_t count, std::uint64_t from) {
    if (page < 2 || page >= taken_.size() || count > taken_.size() - page) {
        return damaged(from, "a page number is out of range");
    }
    for (std::uint64_t i = page; i < page + count; ++i) {
        if (taken_[i]) return damaged(i, "the page is used twice, or used and free");
        taken_[i] = true;
    }
    return {};
}

Result<void> FileCheck::check_tree(const Tree& tree, Kind kind, std::uint64_t page) {
    Walk walk{kind, {}, std::nullopt, std::nullopt};
    if (tree.root != kNoPage) {
        if (tree.depth < 1 || tree.depth > kDepthMax) return damaged(page, "a tree too deep");
        auto checked = check_page(tree.root, page, tree.depth, walk);
        if (!checked) return checked;
    } else if (tree.depth != 0) {
        return damaged(page, "a tree without root");
    }
    if (walk.counted.branch_pages != tree.branch_pages ||
        walk.counted.leaf_pages != tree.leaf_pages ||
        walk.counted.overflow_pages != tree.overflow_pages ||
        walk.counted.entries != tree.entries) {
        return damaged(page, "a tree does not have the pages or entries that it says");
    }
    pages_used_ += tree.branch_pages + tree.leaf_pages + tree.overflow_pages;
    return {};
}

Result<void> FileCheck::check_page(std::uint64_t page,
                                   std::uint64_t from,
                                   std::uint16_t levels,
                                   Walk& walk) {
    auto taken = take(page, 1, from);
    if (!taken) return taken;
    if (page >= file_pages_) return damaged(page, "the file ends before this page");
    auto bytes = read_page(page);
    if (!bytes) return std::unexpected(bytes.error());
    const bool is_leaf = levels == 1;
    if (number_at<std::uint16_t>(*bytes, 10) != (is_leaf ? kLeaf : kBranch)) {
        return damaged(page, "the page is of another sort than its place in the tree");
    }
    auto nodes = read_nodes(page, *bytes, walk.kind);
    if (!nodes) return std::unexpected(nodes.error());
    ++(is_leaf ? walk.counted.leaf_pages : walk.counted.branch_pages);
    if (is_leaf) return check_leaf(page, *bytes, *nodes, walk);
    return check_branch(page, *nodes, levels, walk);
}

Result<std::vector<Node>> FileCheck::read_nodes(std::uint64_t page, BytesView bytes, Kind kind) {
    const bool is_leaf = number_at<std::uint16_t>(bytes, 10) == kLeaf;
    const std::size_t lower = number_at<std::uint16_t>(bytes, 12);
    // A page of 64 KiB that is empty has 0 here; none that is in use is empty.
    const std::size_t upper = number_at<std::uint16_t>(bytes, 14);
    if (lower < kHeaderBytes || lower % 2 != 0 || lower > upper || upper > bytes.size()) {
        return damaged(page, "the bounds of the page are out of order");
    }
    // In the free tree LMDB itself leaves branches with one child for a while (ITS#8336).
    const std::size_t nodes_min = is_leaf || kind == Kind::free ? 1 : 2;
    std::vector<Node> nodes((lower - kHeaderBytes) / 2);
    if (nodes.size() < nodes_min) return damaged(page, "the page has too few nodes");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        Node& node = nodes[i];
        node.begin = number_at<std::uint16_t>(bytes, kHeaderBytes + 2 * i);
        if (node.begin < upper || node.begin % 2 != 0 || node.begin + kNodeBytes > bytes.size()) {
            return damaged(page, "a node is out of range");
        }
        const std::uint64_t low = number_at<std::uint16_t>(bytes, node.begin);
        const std::uint64_t high = number_at<std::uint16_t>(bytes, node.begin + 2);
        node.flags = number_at<std::uint16_t>(bytes, node.begin + 4);
        const std::size_t key_bytes = number_at<std::uint16_t>(bytes, node.begin + 6);
        node.value_bytes = high << 16 | low;
        node.child = std::uint64_t{node.flags} << 32 | high << 16 | low;
        const std::uint64_t value_here = !is_leaf                   ? 0
                                         : (node.flags & kBig) != 0 ? sizeof(std::uint64_t)
                                                                    : node.value_bytes;
        node.end = node.begin + kNodeBytes + key_bytes + value_here;
        if (node.end > bytes.size()) return damaged(page, "a node is out of range");
        // The first key of a branch stands for "everything below the second".
        const bool has_key = is_leaf || i > 0;
        const bool is_key = kind == Kind::free ? key_bytes == sizeof(std::uint64_t)
                                               : key_bytes >= 1 && key_bytes <= kKeyBytesStoredMax;
        if (has_key && !is_key) return damaged(page, "a key has a size that no journal writes");
        node.key = bytes.subspan(node.begin + kNodeBytes, key_bytes);
    }
    std::vector<std::pair<std::size_t, std::size_t>> places;
    places.reserve(nodes.size());
    for (const Node& node : nodes) places.emplace_back(node.begin, node.end);
    std::ranges::sort(places);
    for (std::size_t i = 1; i < places.size(); ++i) {
        if (places[i - 1].second > places[i].first) return damaged(page, "two nodes overlap");
    }
    return nodes;
}

bool less(Kind kind, BytesView left, BytesView right) {
    if (kind == Kind::free) {
        return number_at<std::uint64_t>(left, 0) < number_at<std::uint64_t>(right, 0);
    }
    return std::ranges::lexicographical_compare(left, right);
}

Result<void> FileCheck::check_branch(std::uint64_t page,
                                     std::span<const Node> nodes,
                                     std::uint16_t levels,
                                     Walk& walk) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (i > 0) {
            // last_key is there: the child before had at least one leaf with one entry.
            if (!less(walk.kind, *walk.last_key, nodes[i].key)) {
                return damaged(page, "a separator is not above the keys before it");
            }
            walk.bound = to_bytes(nodes[i].key);
        }
        auto checked =
            check_page(nodes[i].child, page, static_cast<std::uint16_t>(levels - 1), walk);
        if (!checked) return checked;
    }
    return {};
}

Result<void> FileCheck::check_leaf(std::uint64_t page,
                                   BytesView bytes,
                                   std::span<const Node> nodes,
                                   Walk& walk) {
    for (const Node& node : nodes) {
        if (walk.last_key && !less(walk.kind, *walk.last_key, node.key)) {
            return damaged(page, "the keys do not ascend");
        }
        if (walk.bound && less(walk.kind, node.key, *walk.bound)) {
            return damaged(page, "a key is below the separator before it");
        }
        walk.bound.reset();
        walk.last_key = to_bytes(node.key);
        ++walk.counted.entries;
        auto value = check_value(page, bytes, node, walk);
        if (!value) return std::unexpected(value.error());
        if (walk.kind == Kind::main) {
            const Tree tree = tree_at(*value, 0);
            if (tree.flags != 0) return damaged(page, "a tree has flags that no journal has");
            tables_.push_back({tree, page});
        } else if (walk.kind == Kind::free) {
            auto checked = check_free_list(page, node.key, *value);
            if (!checked) return checked;
        }
    }
    return {};
}

// The value, where this check reads it: of the free and the main tree. Else empty.
Result<Bytes> FileCheck::check_value(std::uint64_t page,
                                     BytesView bytes,
                                     const Node& node,
                                     Walk& walk) {
    if (walk.kind == Kind::main) {
        if (node.flags != kSubtree || node.value_bytes != kTreeBytes) {
            return damaged(page, "an entry of the main tree is no tree");
        }
        return to_bytes(bytes.subspan(node.end - kTreeBytes, kTreeBytes));
    }
    if (node.flags != 0 && node.flags != kBig) return damaged(page, "a node has unknown flags");
    if (node.flags == 0) {
        if (walk.kind == Kind::table) return Bytes{};
        return to_bytes(bytes.subspan(node.end - node.value_bytes, node.value_bytes));
    }
    const auto run = number_at<std::uint64_t>(bytes, node.end - sizeof(std::uint64_t));
    if (run < 2 || run >= std::min<std::uint64_t>(taken_.size(), file_pages_)) {
        return damaged(page, "a page number is out of range");
    }
    auto first = read_page(run);
    if (!first) return std::unexpected(first.error());
    const std::uint64_t count = number_at<std::uint32_t>(*first, 12);
    const std::uint64_t count_min =
        (kHeaderBytes + node.value_bytes + page_bytes_ - 1) / page_bytes_;
    if (number_at<std::uint16_t>(*first, 10) != kOverflow || count < count_min) {
        return damaged(run, "not the overflow run that it should be");
    }
    auto taken = take(run, count, page);
    if (!taken) return std::unexpected(taken.error());
    if (count > file_pages_ - run) return damaged(run, "the file ends before this run");
    walk.counted.overflow_pages += count;
    if (walk.kind == Kind::table) return Bytes{};
    Bytes value(node.value_bytes);
    auto read = read_at(run * page_bytes_ + kHeaderBytes, value);
    if (!read) return std::unexpected(read.error());
    return value;
}

// {count, page numbers in descending order}; a record may have more room than its count says.
Result<void> FileCheck::check_free_list(std::uint64_t page, BytesView key, BytesView list) {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    if (list.size() < kWord || number_at<std::uint64_t>(list, 0) > list.size() / kWord - 1) {
        return damaged(page, "a list of free pages is longer than its room");
    }
    const bool is_newest = number_at<std::uint64_t>(key, 0) == newest_.txn;
    std::uint64_t before = kNoPage;
    for (std::uint64_t i = number_at<std::uint64_t>(list, 0), at = kWord; i > 0; --i, at += kWord) {
        const auto freed = number_at<std::uint64_t>(list, at);
        if (freed >= before) return damaged(page, "a list of free pages is not in order");
        before = freed;
        auto taken = take(freed, 1, page);
        if (!taken) return taken;
        if (is_newest && freed == older_.main.root) older_root_freed_ = true;
    }
    return {};
}

}  // namespace

Result<std::uint64_t> check_lmdb_file(const std::filesystem::path& data_file) {
    const Fd fd(open(data_file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (fd.get() < 0 || fstat(fd.get(), &status) != 0) {
        const int error = errno;
        return fail(error == ENOENT ? Code::no_such_file : Code::io,
                    "open: " + std::generic_category().message(error),
                    data_file.string());
    }
    FileCheck check(fd.get(), static_cast<std::uint64_t>(status.st_size), data_file.string());
    return check.run();
}

}  // namespace lienthong::journal
