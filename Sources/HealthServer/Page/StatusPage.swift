internal import Shared

/// The status page: what a person asks first comes first. Verdict, contracts, what is wrong with files, then where
/// everything comes from and goes to.
struct StatusPage {
    let subject: PageSubject
    let evaluation: ProbeEvaluation
    /// Resident bytes of a process, if they can be told.
    let memory: (_ pid: Int32, _ parent: Int32?) -> Int?

    var situation: Situation { subject.situation }
    var sections: StateSections { situation.sections }
    var clock: PageClock { subject.clock }

    /// Lines shown of a list that could be long; the rest is counted.
    static let listed = 20

    init(
        _ subject: PageSubject,
        evaluation: ProbeEvaluation,
        memory: @escaping (_ pid: Int32, _ parent: Int32?) -> Int? = { ResidentMemory.bytes(of: $0, parent: $1) }
    ) {
        self.subject = subject
        self.evaluation = evaluation
        self.memory = memory
    }

    /// The whole document.
    func html() -> [UInt8] {
        var writer = HTMLWriter(reserving: 64 * 1024)
        writer.markup("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">")
        writer.markup("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
        writer.element("title") { writer in
            writer.text(word)
            writer.markup(" – pact-mocks-manager")
        }
        // As they are: no byte of them may differ from what was hashed, and neither holds a closing tag.
        writer.element("style") { $0.style() }
        writer.markup("</head><body><a class=\"skip\" href=\"#contracts\">To the contracts</a>")
        header(&writer)
        writer.markup("<main data-now=\"")
        writer.text(String(clock.wall.milliseconds))
        writer.markup("\">")
        verdict(&writer)
        contracts(&writer)
        files(&writer)
        broker(&writer)
        source(&writer)
        waiting(&writer)
        workers(&writer)
        events(&writer)
        writer.markup("</main>")
        footer(&writer)
        writer.element("script") { $0.script() }
        writer.markup("</body></html>\n")
        return writer.bytes
    }

    private func header(_ writer: inout HTMLWriter) {
        writer.element("header") { writer in
            writer.element("p") { writer in
                writer.markup("<strong>pact-mocks-manager</strong> ")
                writer.text(BuildVersion.number)
            }
            writer.markup("<p id=\"link\" role=\"status\" hidden></p>")
            writer.markup("<p id=\"said\" class=\"unseen\" role=\"status\" aria-live=\"polite\"></p>")
            writer.markup("<noscript><p>Without script this page stays as it is: load it again.</p></noscript>")
        }
    }

    private func footer(_ writer: inout HTMLWriter) {
        writer.element("footer") { writer in
            writer.markup("<p>The same as JSON: <a href=\"status.json\">status.json</a></p>")
            if let run = situation.view.snapshot.run {
                writer.element("p") { writer in
                    writer.markup("run ")
                    writer.code(run)
                }
            }
        }
    }
}

extension HTMLWriter {
    /// A section with its heading. Its id is how the script finds it again.
    mutating func section(_ id: StaticString, _ heading: StaticString, _ body: (inout HTMLWriter) -> Void) {
        markup("<section id=\"")
        markup(id)
        markup("\" aria-labelledby=\"")
        markup(id)
        markup("-heading\"><h2 id=\"")
        markup(id)
        markup("-heading\">")
        markup(heading)
        markup("</h2>")
        body(&self)
        markup("</section>")
    }

    /// A table that scrolls by itself where it is too wide, also by keyboard.
    mutating func table(
        _ id: StaticString,
        caption: String,
        columns: [StaticString],
        _ rows: (inout HTMLWriter) -> Void
    ) {
        markup("<div class=\"scroll\" id=\"")
        markup(id)
        markup("-table\" role=\"region\" tabindex=\"0\" aria-labelledby=\"")
        markup(id)
        markup("-caption\"><table><caption id=\"")
        markup(id)
        markup("-caption\">")
        text(caption)
        markup("</caption><thead><tr>")
        for column in columns { element("th", "scope=\"col\"") { $0.markup(column) } }
        markup("</tr></thead><tbody>")
        rows(&self)
        markup("</tbody></table></div>")
    }

    /// A line of a description list.
    mutating func entry(_ term: StaticString, _ body: (inout HTMLWriter) -> Void) {
        element("dt") { $0.markup(term) }
        element("dd", "", body)
    }

    mutating func entry(_ term: StaticString, text value: String?) {
        guard let value, !value.isEmpty else { return }
        entry(term) { $0.name(value, limit: StateLimits.reasonBytes) }
    }

    /// The first ``StatusPage/listed`` of some sentences, and how many more there are.
    mutating func sentences(_ values: [String]) {
        guard !values.isEmpty else { return }
        element("ul") { writer in
            for value in values.prefix(StatusPage.listed) {
                writer.element("li") { $0.name(value, limit: StateLimits.reasonBytes) }
            }
            if values.count > StatusPage.listed {
                writer.element("li") { writer in
                    writer.number(values.count - StatusPage.listed)
                    writer.markup(" more")
                }
            }
        }
    }

    /// A word with its mark and colour; the mark is only for the eye.
    mutating func state(_ word: String, mark: StaticString, kind: PageKind) {
        markup("<span class=\"state ")
        markup(kind.name)
        markup("\"><span aria-hidden=\"true\">")
        markup(mark)
        markup("</span> ")
        text(word)
        markup("</span>")
    }
}

/// What a colour stands for.
enum PageKind {
    case good
    case warn
    case bad
    case busy

    /// The style's class.
    var name: StaticString {
        switch self {
        case .good: "good"
        case .warn: "warn"
        case .bad: "bad"
        case .busy: "busy"
        }
    }
}
