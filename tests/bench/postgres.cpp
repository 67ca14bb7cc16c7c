// SPDX-License-Identifier: Apache-2.0
// PostgreSQL as a queue: a publisher inserts its window as one statement and transaction; consumers
// share the table, each deletes what it takes with SKIP LOCKED. Endpoint: a conninfo. Mode: plain
// or tls (which the conninfo says).
#include <libpq-fe.h>

#include <thread>

#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

constexpr std::chrono::microseconds kIdle{500};
constexpr std::size_t kRowsMax = 1000;

class Connection {
  public:
    explicit Connection(const std::string& conninfo) : handle_(PQconnectdb(conninfo.c_str())) {
        if (PQstatus(handle_) != CONNECTION_OK) give_up(PQerrorMessage(handle_));
    }
    ~Connection() { PQfinish(handle_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    PGconn* get() const { return handle_; }
    // Rows of the result.
    int take(PGresult* result) const {
        const ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            give_up(PQerrorMessage(handle_));
        const int rows = PQntuples(result);
        PQclear(result);
        return rows;
    }

  private:
    PGconn* handle_;
};

class PgPublisher final : public Publisher {
  public:
    PgPublisher(const LoadOptions& options, std::size_t index)
        : connection_(options.endpoint), rows_(std::min(options.window(), kRowsMax)) {
        std::string sql = "INSERT INTO queue(body) VALUES ";
        for (std::size_t i = 1; i <= rows_; ++i) {
            sql += (i == 1 ? "($" : ",($") + std::to_string(i) + "::bytea)";
            bodies_.push_back(make_body(options.size, options.seed + index * kRowsMax + i));
        }
        connection_.take(
            PQprepare(connection_.get(), "put", sql.c_str(), static_cast<int>(rows_), nullptr));
        for (const std::string& body : bodies_) {
            values_.push_back(body.data());
            lengths_.push_back(static_cast<int>(body.size()));
            formats_.push_back(1);
        }
    }

    void publish_until(Now until, Acks& acks) override {
        while (now() < until) {
            const Now sent = now();
            connection_.take(PQexecPrepared(connection_.get(),
                                            "put",
                                            static_cast<int>(rows_),
                                            values_.data(),
                                            lengths_.data(),
                                            formats_.data(),
                                            1));
            acks.add(sent, rows_);
        }
    }

  private:
    Connection connection_;
    std::size_t rows_;
    std::vector<std::string> bodies_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

class PgConsumer final : public Consumer {
  public:
    explicit PgConsumer(const LoadOptions& options) : connection_(options.endpoint) {
        connection_.take(
            PQprepare(connection_.get(),
                      "take",
                      "DELETE FROM queue WHERE id IN (SELECT id FROM queue ORDER BY id "
                      "FOR UPDATE SKIP LOCKED LIMIT 1000) RETURNING body",
                      0,
                      nullptr));
    }

    std::size_t consume() override {
        const int rows = connection_.take(
            PQexecPrepared(connection_.get(), "take", 0, nullptr, nullptr, nullptr, 1));
        if (rows == 0) std::this_thread::sleep_for(kIdle);
        return static_cast<std::size_t>(rows);
    }

  private:
    Connection connection_;
};

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    const LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    const Connection connection(options.endpoint);
    connection.take(PQexec(connection.get(), "DROP TABLE IF EXISTS queue"));
    connection.take(PQexec(connection.get(),
                           "CREATE TABLE queue(id bigserial PRIMARY KEY, body bytea NOT NULL)"));
    System system;
    system.name = "postgres";
    system.note = "acknowledged and consumed means on disk";
    system.publisher = [&](std::size_t i) { return std::make_unique<PgPublisher>(options, i); };
    system.consumer = [&](std::size_t) { return std::make_unique<PgConsumer>(options); };
    return run_load(system, options);
}
