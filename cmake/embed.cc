/// Writes a C++ table of (path, text) of the files named on the lines of a list: embed ROOT LIST OUT.
///
/// Every byte but letters, digits and plain punctuation is written as an octal escape, so that the
/// text survives any compiler, encoding and line ending. NUL alone cannot: the text ends there.
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

constexpr std::size_t kBytesPerLine = 100;

std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error(file + ": cannot read");
    return {std::istreambuf_iterator<char>(in), {}};
}

/// "\012" and the like; '?' too, for "??=" is a trigraph.
std::string escaped(char c) {
    const auto byte  = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '?';
    if (plain) return {c};
    const auto digit = [&](int shift) { return static_cast<char>('0' + (byte >> shift & 7)); };
    return {'\\', digit(6), digit(3), digit(0)};
}

std::string literal(const std::string& text) {
    std::string out = "\n\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i > 0 && i % kBytesPerLine == 0) out += "\"\n\"";
        out += escaped(text[i]);
    }
    return out + '"';
}

void embed(const std::string& root, std::istream& list, std::ostream& out) {
    int count = 0;
    out << "#include \"hw/data.h\"\n\nnamespace isobath::embedded {\nconst File kFiles[] = {\n";
    for (std::string file; std::getline(list, file);) {
        if (file.empty()) continue;
        out << "{" << literal(file) << "," << literal(bytes_of(root + "/" + file)) << "},\n";
        ++count;
    }
    out << "{nullptr, nullptr}};\nconst int kFileCount = " << count
        << ";\n}  // namespace isobath::embedded\n";
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 4) throw std::runtime_error("usage: embed ROOT LIST OUT");
    std::ifstream list(argv[2]);
    std::ofstream out(argv[3], std::ios::binary);
    embed(argv[1], list, out);
    if (!list.eof() || !out.flush()) throw std::runtime_error(std::string(argv[3]) + ": cannot write");
    return 0;
} catch (const std::exception& e) {
    std::cerr << "embed: " << e.what() << '\n';
    return 1;
}
