// SPDX-License-Identifier: Apache-2.0
// Queue: hands values from one agent's thread to another's. Bounded: at the limit try_push says no,
// and the caller tells its own sender. Latest: the newest of a value, for threads that only need
// that one. The only two places of the program with a lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace lienthong {

template <class T>
class Queue {
  public:
    explicit Queue(std::size_t size_max) : size_max_(size_max) {}

    // Called after each successful push, on the pusher's thread, without the lock (an eventfd,
    // say). Set before any other thread knows the queue.
    void on_push(std::function<void()> wake) { wake_ = std::move(wake); }

    // False, and `value` untouched, if the queue is full or closed.
    bool try_push(T&& value) {
        {
            const std::scoped_lock lock(mutex_);
            if (closed_ || values_.size() >= size_max_) return false;
            values_.push_back(std::move(value));
        }
        ready_.notify_one();
        if (wake_) wake_();
        return true;
    }

    std::optional<T> maybe_pop() {
        const std::scoped_lock lock(mutex_);
        if (values_.empty()) return std::nullopt;
        std::optional<T> value(std::move(values_.front()));
        values_.pop_front();
        return value;
    }

    // Everything that waits, up to `count_max`.
    std::vector<T> pop_all(std::size_t count_max) {
        const std::scoped_lock lock(mutex_);
        std::vector<T> taken;
        while (!values_.empty() && taken.size() < count_max) {
            taken.push_back(std::move(values_.front()));
            values_.pop_front();
        }
        return taken;
    }

    // Waits until something is there, interrupt() was called, or the time is over.
    template <class Rep, class Period>
    void wait_for(std::chrono::duration<Rep, Period> time) {
        std::unique_lock lock(mutex_);
        ready_.wait_for(lock, time, [this] { return !values_.empty() || interrupted_; });
        interrupted_ = false;
    }

    void interrupt() {
        {
            const std::scoped_lock lock(mutex_);
            interrupted_ = true;
        }
        ready_.notify_all();
    }

    // Nobody reads any more: what waits is destroyed, and no push succeeds from now on.
    void close() {
        std::deque<T> dropped;
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        dropped.swap(values_);
    }
    bool closed() const {
        const std::scoped_lock lock(mutex_);
        return closed_;
    }

    std::size_t size() const {
        const std::scoped_lock lock(mutex_);
        return values_.size();
    }

  private:
    const std::size_t size_max_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<T> values_;
    std::function<void()> wake_;
    bool interrupted_ = false;
    bool closed_ = false;
};

// The newest of an immutable value. The writer replaces it, readers take a copy.
template <class T>
class Latest {
  public:
    Latest() = default;
    explicit Latest(T value) : value_(std::move(value)) {}

    void set(T value) {
        const std::scoped_lock lock(mutex_);
        value_ = std::move(value);
    }
    T get() const {
        const std::scoped_lock lock(mutex_);
        return value_;
    }

  private:
    mutable std::mutex mutex_;
    T value_{};
};

}  // namespace lienthong
