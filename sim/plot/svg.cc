#include "sim/plot/svg.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "sim/plot/lettering.h"

namespace isobath::plot {
namespace {

/// A coordinate: two decimals at most, never "-0".
std::string num(double pixels) {
    const double rounded = std::round(pixels * 100) / 100;
    return fmt::format("{:.6g}", rounded == 0 ? 0. : rounded);
}

/// A colour as the attribute `name`, with its opacity where it has one.
std::string paint(std::string_view name, Colour c) {
    std::string out = fmt::format(" {}=\"{}\"", name, hex(c));
    if (c.alpha != 255) out += fmt::format(" {}-opacity=\"{}\"", name, num(c.alpha / 255.));
    return out;
}

std::string stroke(Colour c, double width, bool dashed) {
    return fmt::format("{} stroke-width=\"{}\"{}", paint("stroke", c), num(width),
                       dashed ? " stroke-dasharray=\"6 4\"" : "");
}

/// An element ends where it begins unless it has a tooltip to carry.
std::string element(const std::string& name, const std::string& attributes, const std::string& tooltip) {
    if (tooltip.empty()) return fmt::format("<{}{}/>\n", name, attributes);
    return fmt::format("<{}{}><title>{}</title></{}>\n", name, attributes, xml_escaped(tooltip), name);
}

struct Write {
    const std::string& tooltip;

    std::string operator()(const Rect& r) const {
        return element("rect",
                       fmt::format(" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}{}", num(r.box.x),
                                   num(r.box.y), num(r.box.width), num(r.box.height), paint("fill", r.fill),
                                   r.crisp ? " shape-rendering=\"crispEdges\"" : ""),
                       tooltip);
    }
    std::string operator()(const Segment& s) const {
        return element("line",
                       fmt::format(" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"{}", num(s.from.x), num(s.from.y),
                                   num(s.to.x), num(s.to.y), stroke(s.colour, s.width, s.dashed)),
                       tooltip);
    }
    std::string operator()(const Polyline& p) const {
        std::string points;
        for (const Point& at : p.points)
            points += fmt::format("{}{},{}", points.empty() ? "" : " ", num(at.x), num(at.y));
        const std::string look =
            p.filled ? paint("fill", p.colour)
                     : " fill=\"none\" stroke-linejoin=\"round\"" + stroke(p.colour, p.width, p.dashed);
        return element(p.filled ? "polygon" : "polyline", fmt::format(" points=\"{}\"{}", points, look),
                       tooltip);
    }
    std::string operator()(const Dot& d) const {
        return element("circle",
                       fmt::format(" cx=\"{}\" cy=\"{}\" r=\"{}\"{}", num(d.centre.x), num(d.centre.y),
                                   num(d.radius), paint("fill", d.colour)),
                       tooltip);
    }
    std::string operator()(const Text& t) const {
        std::string look = fmt::format(" x=\"{}\" y=\"{}\" font-size=\"{}\"{}", num(t.at.x), num(t.at.y),
                                       num(t.size), paint("fill", t.colour));
        if (t.anchor != Anchor::start)
            look += t.anchor == Anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
        if (t.bold) look += " font-weight=\"bold\"";
        if (t.turn != 0)
            look += fmt::format(" transform=\"rotate({} {} {})\"", num(-t.turn), num(t.at.x), num(t.at.y));
        return fmt::format("<text{}>{}</text>\n", look, xml_escaped(t.text));
    }
};

/// The box with its edges, not its size, rounded: neighbours still share them.
Box snapped(const Box& box) {
    const auto snap = [](double v) { return std::round(v * 100) / 100; };
    return {snap(box.x), snap(box.y), snap(box.right()) - snap(box.x), snap(box.bottom()) - snap(box.y)};
}

const Rect* crisp_rect(const Shape& shape) {
    const Rect* rect = std::get_if<Rect>(&shape.form);
    return rect && rect->crisp ? rect : nullptr;
}

bool joins(const Shape& a, const Shape& b) {
    const Rect *first = crisp_rect(a), *next = crisp_rect(b);
    return first && next && first->fill == next->fill && a.tooltip == b.tooltip &&
           std::abs(first->box.height - next->box.height) < 0.02;
}

/// Crisp boxes of one height, colour and tooltip, as one path of thick strokes: the shortest way to say it.
std::string path_of(const Shape* first, const Shape* last) {
    std::string d;
    for (const Shape* shape = first; shape != last; ++shape) {
        const Box box = snapped(crisp_rect(*shape)->box);
        d += fmt::format("M{} {:.6g}h{}", num(box.x), box.y + box.height / 2, num(box.width));
    }
    const Rect& rect = *crisp_rect(*first);
    return element("path",
                   fmt::format(" d=\"{}\"{} shape-rendering=\"crispEdges\"", d,
                               stroke(rect.fill, snapped(rect.box).height, false)),
                   first->tooltip);
}

std::string body(const std::vector<Shape>& shapes) {
    std::string out;
    const Shape* const end = shapes.data() + shapes.size();
    for (const Shape* first = shapes.data(); first != end;) {
        const Shape* last =
            std::find_if(first + 1, end, [&](const Shape& next) { return !joins(*first, next); });
        out += last - first > 1 ? path_of(first, last) : std::visit(Write{first->tooltip}, first->form);
        first = last;
    }
    return out;
}

std::string_view entity_for(char c) {
    switch (c) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        case '\'': return "&#39;";
        default: return {};
    }
}

}  // namespace

std::string xml_escaped(const std::string& text) {
    std::string out;
    for (const char c : printable(text, true)) {
        const std::string_view entity = entity_for(c);
        entity.empty() ? out += c : out += entity;
    }
    return out;
}

std::string to_svg(const DisplayList& list, const std::string& description) {
    const std::string width = num(list.size.width), height = num(list.size.height);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "role=\"img\" "
        "aria-label=\"{2}\" font-family=\"'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"{3}\"/>\n{4}</svg>\n",
        width, height, xml_escaped(description), hex(list.background), body(list.shapes));
}

std::string to_svg(const Figure& figure, const SvgOptions& options) {
    const bool given = options.size.width > 0 && options.size.height > 0;
    const Size size  = given ? options.size : natural_size(figure);
    return to_svg(layout(figure, size, options.dark ? dark_theme() : light_theme()), figure.title);
}

}  // namespace isobath::plot
