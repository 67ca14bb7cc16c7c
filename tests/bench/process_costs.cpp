// SPDX-License-Identifier: Apache-2.0
// What a process costs, from /proc.
#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

struct Row {
    int parent = 0;
    double cpu_seconds = 0;
};

// Of /proc/PID/stat, after the name: state, parent, … utime (14th field), stime, cutime, cstime.
Row row_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(text.substr(name_end + 2));
    std::string skipped;
    Row row;
    fields >> skipped >> row.parent;
    for (int i = 0; i < 9; ++i) fields >> skipped;
    long ticks = 0;
    for (int i = 0; i < 4; ++i) {
        long one = 0;
        fields >> one;
        ticks += one;
    }
    row.cpu_seconds = static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
    return row;
}

std::uint64_t rss_anon_kib_of(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    std::string key;
    while (file >> key) {
        std::uint64_t kib = 0;
        if (key == "RssAnon:" && file >> kib) return kib;
    }
    return 0;
}

std::map<int, Row> all_processes() {
    std::map<int, Row> rows;
    DIR* const folder = opendir("/proc");
    if (folder == nullptr) return rows;
    while (const dirent* entry = readdir(folder)) {  // NOLINT(concurrency-mt-unsafe): one thread
        const int pid = std::atoi(entry->d_name);    // NOLINT(cert-err34-c): 0 is no process
        if (pid > 0) rows.emplace(pid, row_of(pid));
    }
    closedir(folder);
    return rows;
}

}  // namespace

Costs costs_of_tree(int pid) {
    Costs costs;
    if (pid == 0) return costs;
    const auto rows = all_processes();
    std::set<int> tree = {pid};
    for (std::size_t before = 0; before != tree.size();) {
        before = tree.size();
        for (const auto& [id, row] : rows) {
            if (tree.contains(row.parent)) tree.insert(id);
        }
    }
    for (const int id : tree) {
        const auto found = rows.find(id);
        if (found != rows.end()) costs.cpu_seconds += found->second.cpu_seconds;
        costs.rss_anon_kib += rss_anon_kib_of(id);
    }
    return costs;
}

double cpu_seconds_of_process() {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

}  // namespace lienthong::bench
