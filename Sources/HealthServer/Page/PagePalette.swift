/// The page's colours, for a light and a dark screen.
///
/// Style rules name them as variables; that every text has a contrast of 4.5:1 or more to what is behind it (WCAG 2.2,
/// 1.4.3) is checked for ``pairs`` in both schemes.
enum PagePalette {
    struct Colour: Sendable {
        var name: String
        /// `RRGGBB`.
        var light: String
        var dark: String
    }

    static let colours = [
        Colour(name: "page", light: "fcfcfb", dark: "14171a"),
        Colour(name: "panel", light: "f1f2f0", dark: "1f2428"),
        Colour(name: "text", light: "1d2125", dark: "e7e9ea"),
        Colour(name: "quiet", light: "545c64", dark: "a9b1b8"),
        Colour(name: "line", light: "848d95", dark: "6d767e"),
        Colour(name: "link", light: "0b4f9e", dark: "86bdf7"),
        Colour(name: "good", light: "12592c", dark: "74d492"),
        Colour(name: "good-panel", light: "dcf3e2", dark: "12301d"),
        Colour(name: "warn", light: "6d4400", dark: "f0c060"),
        Colour(name: "warn-panel", light: "fbefcd", dark: "362909"),
        Colour(name: "bad", light: "96141f", dark: "ff9c98"),
        Colour(name: "bad-panel", light: "fde5e4", dark: "401a1b"),
        Colour(name: "busy", light: "0b4f9e", dark: "86bdf7"),
        Colour(name: "busy-panel", light: "e0edfb", dark: "132b45"),
    ]

    /// What is written on what.
    static let pairs: [(text: String, panel: String)] = [
        ("text", "page"), ("text", "panel"), ("quiet", "page"), ("quiet", "panel"), ("link", "page"),
        ("link", "panel"),
        ("good", "good-panel"), ("warn", "warn-panel"), ("bad", "bad-panel"), ("busy", "busy-panel"),
        ("text", "good-panel"), ("text", "warn-panel"), ("text", "bad-panel"), ("text", "busy-panel"),
        ("quiet", "good-panel"), ("quiet", "warn-panel"), ("quiet", "bad-panel"), ("quiet", "busy-panel"),
    ]

    /// Declarations of all colours as variables.
    static func variables(_ shade: (Colour) -> String) -> String {
        colours.map { "--\($0.name):#\(shade($0))" }.joined(separator: ";")
    }
}
