//! A drawing: texts, lines and areas in pixels. Colours are those that people with colour blindness tell apart
//! (Okabe and Ito, "Color Universal Design", 2008), and are read on white and on black.

use std::fmt::Write;

use crate::base::xml::escaped;

/// Colours of classes and parts; more begin again.
const COLOURS: [&str; 8] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6bb1", "#8c8c8c"];

const STYLE: &str = "<style>text{font-family:system-ui,sans-serif;font-size:12px;fill:#1f2328}\
.title{font-size:15px;font-weight:600}.dim{fill:#59636e;font-size:11px}.back{fill:#fff}\
.rule{stroke:#d1d9e0;stroke-width:1;fill:none}.curve{fill:none;stroke-width:1.6}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.back{fill:#0d1117}.rule{stroke:#3d444d}}</style>";

/// The colour of the class or part at `index`.
pub(super) fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// Where a text stands about its point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing in the making.
pub(super) struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    /// A text of class `title`, `dim` or none.
    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.put(&format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"));
    }

    /// A thin line of an axis or grid.
    pub(super) fn rule(&mut self, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(&format!("<path class=\"rule\" d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"/>"));
    }

    /// A filled rectangle that says `title` when pointed at.
    pub(super) fn area(&mut self, x: f64, y: f64, (width, height): (f64, f64), fill: &str, title: &str) {
        let title = escaped(title);
        self.put(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\"><title>{title}</title></rect>",
            width.max(0.0),
            height.max(0.0)
        ));
    }

    /// A line through points.
    pub(super) fn curve(&mut self, points: &[(f64, f64)], stroke: &str) {
        let path = path(points);
        self.put(&format!("<path class=\"curve\" stroke=\"{stroke}\" d=\"{path}\"/>"));
    }

    /// The area within points, translucent.
    pub(super) fn band(&mut self, points: &[(f64, f64)], fill: &str) {
        let path = path(points);
        self.put(&format!("<path fill=\"{fill}\" fill-opacity=\"0.22\" d=\"{path}Z\"/>"));
    }

    /// A PNG image, its pixels kept as squares.
    pub(super) fn image(&mut self, x: f64, y: f64, (width, height): (f64, f64), png: &str, title: &str) {
        let title = escaped(title);
        self.put(&format!(
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{png}\"><title>{title}</title></image>"
        ));
    }

    /// The names of classes in their colours, in a line that wraps; the height that it takes.
    pub(super) fn legend(&mut self, x: f64, y: f64, names: &[String]) -> f64 {
        let (mut at, mut line) = (x, y);
        for (index, name) in names.iter().enumerate() {
            let wide = 26.0 + 7.0 * name.chars().count() as f64;
            if at + wide > self.width && at > x {
                at = x;
                line += 18.0;
            }
            self.area(at, line - 9.0, (10.0, 10.0), colour(index), name);
            self.text(at + 14.0, line, Anchor::Start, "", name);
            at += wide;
        }
        line - y + 18.0
    }

    pub(super) fn finish(self) -> String {
        let (width, height) = (self.width, self.height);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\">\n{STYLE}\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn put(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

/// Lines that a legend of these names takes, in pixels.
pub(super) fn legend_height(names: &[String], width: f64) -> f64 {
    let mut canvas = Canvas::new(width, 0.0);
    canvas.legend(16.0, 0.0, names)
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        // Writing to a text can't fail.
        let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    path
}
