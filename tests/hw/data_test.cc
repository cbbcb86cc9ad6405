#include "hw/data.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/catch.h"
#include "tests/temporary_folder.h"

using namespace isobath;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = ISOBATH_ROOT;

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> json_files_under(const std::string& folder) {
    std::set<std::string> found;
    std::error_code none;  // a folder that is not there yet holds no files
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder, none))
        if (entry.path().extension() == ".json")
            found.insert(entry.path().lexically_relative(kRoot).generic_string());
    return found;
}

}  // namespace

TEST_CASE("data: every embedded text is the file on disk, byte for byte", "[hw][data]") {
    REQUIRE(embedded::kFileCount > 0);
    for (int i = 0; i < embedded::kFileCount; ++i) {
        INFO(embedded::kFiles[i].path);
        CHECK((embedded::kFiles[i].text == bytes_of(kRoot / embedded::kFiles[i].path)));
    }
}

TEST_CASE("data: every JSON file of the data folders is embedded", "[hw][data]") {
    std::set<std::string> compiled_in, on_disk;
    for (int i = 0; i < embedded::kFileCount; ++i) compiled_in.insert(embedded::kFiles[i].path);
    for (const char* folder : {"scenarios", "hw/calibrations", "tests/validation"})
        on_disk.merge(json_files_under(folder));
    CHECK(compiled_in == on_disk);
}

TEST_CASE("data: a file of the user's hides the built-in one, and messages name it", "[hw][data]") {
    const TemporaryFolder folder;
    const std::string mine = folder.write("scenarios/gpus/h800.json", "mine");
    folder.write("scenarios/gpus/zzz.json", "new");
    const DataFiles data(folder.path());
    CHECK(data.find("scenarios/gpus/h800.json") == "mine");
    CHECK(data.shown("scenarios/gpus/h800.json") == mine);
    CHECK(data.find("scenarios/nics/cx7-400g.json") == DataFiles().find("scenarios/nics/cx7-400g.json"));
    CHECK(data.names("scenarios/gpus").back() == "zzz");
    CHECK_FALSE(DataFiles().find("scenarios/gpus/zzz.json").has_value());
}
