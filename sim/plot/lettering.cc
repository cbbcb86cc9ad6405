#include "sim/plot/lettering.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace isobath::plot {
namespace {

/// Thousandths of an em, for the code points 32 to 126.
constexpr std::array<std::uint16_t, 95> advance{
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838};

/// One code point of UTF-8: how many bytes it takes, 0 if they are not valid.
struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes   = 0;
};

std::size_t bytes_led_by(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead < 0xE0) return 2;
    if (lead >= 0xE0 && lead < 0xF0) return 3;
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

CodePoint first_of(std::string_view text) {
    const auto lead         = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = bytes_led_by(lead);
    if (bytes == 0 || bytes > text.size()) return {};
    std::uint32_t value = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0) != 0x80) return {};
        value = value << 6 | (next & 0x3Fu);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    return value < least[bytes] ? CodePoint{} : CodePoint{value, bytes};
}

/// What XML 1.0 (section 2.2) lets stand in a document, less the C1 controls and text direction overrides.
bool showable(std::uint32_t c) {
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
    if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) return false;
    return c < 0xD800 || (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

void append_escaped(std::string& out, std::string_view bytes) {
    for (const char byte : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
}

/// The longest start of `text` that ends before a space and fits; all of it if there is no such space.
std::string_view line_of(std::string_view text, double room, double size, bool bold) {
    if (text_width(text, size, bold) <= room) return text;
    std::string_view line = text.substr(0, text.find(' '));
    for (auto space = text.find(' '); space != text.npos; space = text.find(' ', space + 1)) {
        if (text_width(text.substr(0, space), size, bold) > room) break;
        line = text.substr(0, space);
    }
    return line;
}

double width_of(std::uint32_t c) {
    if (c < 0x20) return 0;
    if (c < 0x7F) return advance[c - 0x20];
    return c < 0x1100 ? 800 : 1050;  // accented Latin, Greek, Cyrillic; wider scripts, arrows and signs
}

}  // namespace

std::string printable(std::string_view text, bool keep_lines) {
    std::string out;
    while (!text.empty()) {
        const CodePoint c       = first_of(text);
        const std::size_t bytes = c.bytes == 0 ? 1 : c.bytes;
        if (c.bytes == 1 && (c.value == '\n' || c.value == '\t'))
            out += keep_lines ? text[0] : ' ';
        else if (c.bytes != 0 && showable(c.value))
            out += text.substr(0, bytes);
        else
            append_escaped(out, text.substr(0, bytes));
        text.remove_prefix(bytes);
    }
    return out;
}

double text_width(std::string_view text, double size, bool bold) {
    double width = 0;
    while (!text.empty()) {
        const CodePoint c = first_of(text);
        width += width_of(c.bytes == 0 ? 'W' : c.value);
        text.remove_prefix(c.bytes == 0 ? 1 : c.bytes);
    }
    return width / 1000 * size * (bold ? 1.12 : 1);
}

std::string ellipsized(std::string_view text, double room, double size, bool bold) {
    if (text_width(text, size, bold) <= room + 1e-6) return std::string(text);
    const double left = room - text_width("...", size, bold);
    double width      = 0;
    std::size_t kept  = 0;
    while (kept < text.size()) {
        const std::size_t bytes = std::max<std::size_t>(1, first_of(text.substr(kept)).bytes);
        width += text_width(text.substr(kept, bytes), size, bold);
        if (width > left) break;
        kept += bytes;
    }
    while (kept > 0 && text[kept - 1] == ' ') --kept;
    return kept == 0 ? std::string() : std::string(text.substr(0, kept)) + "...";
}

std::vector<std::string> wrapped(std::string_view text, double room, std::size_t most, double size,
                                 bool bold) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < most) {
        const bool last             = lines.size() + 1 == most;
        const std::string_view line = last ? text : line_of(text, room, size, bold);
        lines.push_back(ellipsized(line, room, size, bold));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return lines;
}

}  // namespace isobath::plot
