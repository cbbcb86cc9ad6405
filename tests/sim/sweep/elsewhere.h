/// Tests of whole processes: a working folder of their own, programs started in it, rows of a merged file.
#pragma once

#include <string>
#include <vector>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/catch.h"
#include "tests/sim/sweep/sweeps.h"

namespace isobath::sweep {

/// Goes into a folder of its own, and back.
struct Elsewhere {
    Elsewhere() { std::filesystem::current_path(folder.path()); }
    ~Elsewhere() { std::filesystem::current_path(before); }

    std::filesystem::path before = std::filesystem::current_path();
    TemporaryFolder folder;
};

/// 6,000 points of ten models: long enough to be killed in. A third of them cannot be.
inline const char* const kGrid = R"({"name": "grid", "scenario": "deepseek-v3-decode-ep128-h800", "axes": [
    {"path": "cluster.gpu.hbm_bandwidth", "from": "2 TB/s", "to": "5 TB/s", "count": 10},
    {"path": "layout.overlap", "values": ["none", "two-batch", "two-batch-hook"]},
    {"path": "workload.batch_per_gpu", "from": 1, "to": 100, "step": 1},
    {"path": "workload.context", "values": [1024, 8192]}]})";

/// Starts a program without its output, with more in its environment.
inline pid_t start(const std::vector<std::string>& words, const std::vector<std::string>& environment = {}) {
    const pid_t child = fork();
    if (child != 0) return child;
    const int nowhere = open("/dev/null", O_RDWR);
    for (const int stream : {0, 1, 2}) dup2(nowhere, stream);
    for (const std::string& one : environment) putenv(const_cast<char*>(one.c_str()));
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
}

/// The exit code; 128 and the signal of one that was killed.
inline int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

inline int run(const std::vector<std::string>& words, const std::vector<std::string>& environment = {}) {
    return wait_for(start(words, environment));
}

/// All rows of a query, values as SQLite prints them, "NULL" for none.
inline std::vector<std::vector<std::string>> rows_of(const std::string& file, const std::string& query) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    const int prepared      = sqlite3_prepare_v2(database, query.c_str(), -1, &statement, nullptr);
    INFO(query << ": " << sqlite3_errmsg(database));
    REQUIRE(prepared == SQLITE_OK);
    std::vector<std::vector<std::string>> out;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        out.emplace_back();
        for (int i = 0; i < sqlite3_column_count(statement); ++i) {
            const auto* text = sqlite3_column_text(statement, i);
            out.back().push_back(text ? reinterpret_cast<const char*>(text) : "NULL");
        }
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return out;
}

}  // namespace isobath::sweep
