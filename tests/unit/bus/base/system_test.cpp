// SPDX-License-Identifier: Apache-2.0
// Clocks, randomness, files, queues, text.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "bus/base/clock.hpp"
#include "bus/base/file.hpp"
#include "bus/base/queue.hpp"
#include "bus/base/random.hpp"
#include "bus/base/text.hpp"

namespace lienthong {
namespace {

class Folder : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "lt-base-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(path_); }
    std::filesystem::path path_;
};

TEST_F(Folder, KeepsAFileThatWasWritten) {
    ASSERT_TRUE(write_file(path_ / "a", Bytes{1, 2, 3}, 0640));
    EXPECT_EQ(read_file(path_ / "a", 3).value(), (Bytes{1, 2, 3}));
    struct stat status{};
    ASSERT_EQ(stat((path_ / "a").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0640u);
    EXPECT_FALSE(std::filesystem::exists(path_ / "a.new"));
}

TEST_F(Folder, RefusesAFileOverTheLimit) {
    ASSERT_TRUE(write_file(path_ / "a", Bytes(4)));
    EXPECT_TRUE(read_file(path_ / "a", 4));
    EXPECT_EQ(read_file(path_ / "a", 3).error().code, Code::oversized);
}

TEST_F(Folder, SaysThatAFileIsNotThere) {
    EXPECT_EQ(read_file(path_ / "none", 1).error().code, Code::no_such_file);
    EXPECT_EQ(write_file(path_ / "none" / "a", {}).error().code, Code::no_such_file);
}

TEST_F(Folder, RefusesASecretThatOthersMayRead) {
    ASSERT_TRUE(write_file(path_ / "key", Bytes{1}, 0600));
    EXPECT_TRUE(read_private_file(path_ / "key", 10));
    for (const mode_t mode : {0640u, 0604u, 0610u, 0602u}) {
        ASSERT_EQ(chmod((path_ / "key").c_str(), mode), 0);
        EXPECT_EQ(read_private_file(path_ / "key", 10).error().code, Code::unsafe_mode) << mode;
    }
    EXPECT_FALSE(read_private_file(path_, 10));
}

TEST_F(Folder, HasOneOwner) {
    auto first = FileLock::acquire(path_ / "lock");
    ASSERT_TRUE(first);
    EXPECT_EQ(FileLock::acquire(path_ / "lock").error().code, Code::already_running);
    {
        const FileLock moved = std::move(*first);
    }
    EXPECT_TRUE(FileLock::acquire(path_ / "lock"));
}

TEST_F(Folder, MakesPrivateDirectories) {
    ASSERT_TRUE(make_private_directory(path_ / "a" / "b"));
    struct stat status{};
    ASSERT_EQ(stat((path_ / "a" / "b").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(Clocks, WriteTimesAsTheContractSays) {
    EXPECT_EQ(format_utc(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_utc(1'639'467'000'000), "2021-12-14T07:30:00Z");
    EXPECT_EQ(format_utc(-1), "1969-12-31T23:59:59Z");
}

TEST(Clocks, StandStillUntilMoved) {
    ManualClock clock(1000);
    clock.advance(std::chrono::milliseconds(5));
    EXPECT_EQ(clock.wall(), 1005);
    clock.step_wall(std::chrono::milliseconds(-500));
    EXPECT_EQ(clock.wall(), 505);
    EXPECT_EQ(clock.monotonic(), std::chrono::milliseconds(5));
}

TEST(Randomness, RepeatsFromASeedAndOnlyFromThat) {
    SeededRandom one(7);
    SeededRandom same(7);
    SeededRandom other(8);
    const Hash first = one.hash();
    EXPECT_EQ(first, same.hash());
    EXPECT_NE(first, other.hash());
    EXPECT_NE(first, one.hash());
    SystemRandom system;
    EXPECT_NE(system.hash(), system.hash());
}

TEST(Queues, RefuseAtTheLimitAndKeepTheValue) {
    Queue<std::unique_ptr<int>> queue(2);
    EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
    EXPECT_TRUE(queue.try_push(std::make_unique<int>(2)));
    auto third = std::make_unique<int>(3);
    EXPECT_FALSE(queue.try_push(std::move(third)));
    ASSERT_NE(third, nullptr);
    EXPECT_EQ(**queue.maybe_pop(), 1);
    EXPECT_TRUE(queue.try_push(std::move(third)));
    EXPECT_EQ(queue.pop_all(10).size(), 2u);
    EXPECT_EQ(queue.maybe_pop(), std::nullopt);
}

TEST(Queues, TakeNothingOnceTheyAreClosed) {
    Queue<std::shared_ptr<int>> queue(2);
    const auto waits = std::make_shared<int>(1);
    ASSERT_TRUE(queue.try_push(std::shared_ptr<int>(waits)));
    queue.close();
    EXPECT_TRUE(queue.closed());
    EXPECT_EQ(waits.use_count(), 1) << "what waited is destroyed";
    EXPECT_FALSE(queue.try_push(std::make_shared<int>(2)));
    EXPECT_FALSE(queue.maybe_pop().has_value());
}

TEST(Queues, WakeTheirReaderAcrossThreads) {
    constexpr int kCount = 1000;
    Queue<int> queue(16);
    std::jthread writer([&queue] {
        for (int i = 0; i < kCount;) {
            if (queue.try_push(int{i})) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    int next = 0;
    while (next < kCount) {
        queue.wait_for(std::chrono::seconds(5));
        for (const int value : queue.pop_all(8)) EXPECT_EQ(value, next++);
    }
}

TEST(Queues, CanBeInterrupted) {
    Queue<int> queue(1);
    queue.interrupt();
    queue.wait_for(std::chrono::hours(1));  // returns at once
    EXPECT_EQ(queue.size(), 0u);
}

TEST(Text, IsComposed) {
    EXPECT_EQ(to_nfc("Ninh Bi\xCC\x80nh").value(), "Ninh Bình");
    EXPECT_EQ(to_nfc("Đài").value(), "Đài");
    EXPECT_EQ(to_nfc("\xff").error().code, Code::malformed_input);
    EXPECT_EQ(to_nfc("").value(), "");
}

TEST(Text, ReadsNumbersAsReportsWriteThem) {
    EXPECT_EQ(parse_vietnamese_count("17121").value(), 17121);
    EXPECT_EQ(parse_vietnamese_count("17.121").value(), 17121);
    EXPECT_EQ(parse_vietnamese_count("17 121").value(), 17121);
    EXPECT_EQ(parse_vietnamese_count("1.234.567").value(), 1234567);
    EXPECT_EQ(parse_vietnamese_count("02").value(), 2);
    EXPECT_EQ(parse_vietnamese_count("0").value(), 0);
    for (const char* bad : {"",
                            "17,5",
                            "1.2",
                            "1234.567",
                            "1.2345",
                            "-3",
                            "3 người",
                            ".5",
                            "1.",
                            "99999999999999999999"}) {
        EXPECT_EQ(parse_vietnamese_count(bad).error().code, Code::malformed_input) << bad;
    }
}

}  // namespace
}  // namespace lienthong
