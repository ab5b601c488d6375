/// One result of `manager doctor`, or of a worker's `--doctor`.
package struct DoctorLine: Equatable, Sendable {
    /// What came of it.
    package enum Mark: String, Sendable, CaseIterable {
        case good = "ok"
        case odd = "warn"
        case wrong = "fail"
    }

    package var check: DoctorCheck
    package var mark: Mark
    /// What was found; one sentence, never a secret.
    package var found: String
    /// What to do; empty where the mark is `good`.
    package var remedy: String

    /// A sentence longer than this is cut.
    private static let limit = 2048

    private init(_ check: DoctorCheck, _ mark: Mark, _ found: String, _ remedy: String) {
        self.check = check
        self.mark = mark
        self.found = StateLimits.cut(found, to: Self.limit)
        self.remedy = mark == .good ? "" : StateLimits.cut(remedy, to: Self.limit)
    }

    package static func good(_ check: DoctorCheck, _ found: String) -> DoctorLine {
        DoctorLine(check, .good, found, "")
    }

    /// - Parameters:
    ///   - found: May hold a server's words: nothing in it is taken for advice.
    ///   - remedy: `nil`: the check's own.
    package static func odd(_ check: DoctorCheck, _ found: String, _ remedy: String? = nil) -> DoctorLine {
        DoctorLine(check, .odd, found, remedy ?? check.remedy)
    }

    /// The same, and worse.
    package static func wrong(_ check: DoctorCheck, _ found: String, _ remedy: String? = nil) -> DoctorLine {
        DoctorLine(check, .wrong, found, remedy ?? check.remedy)
    }

    /// - Parameter sentence: Its way out is the remedy; where it names none, the check's own is.
    package static func odd(_ check: DoctorCheck, _ sentence: OwnSentence) -> DoctorLine {
        DoctorLine(check, .odd, sentence.trouble, sentence.wayOut ?? check.remedy)
    }

    /// The same, and worse.
    package static func wrong(_ check: DoctorCheck, _ sentence: OwnSentence) -> DoctorLine {
        DoctorLine(check, .wrong, sentence.trouble, sentence.wayOut ?? check.remedy)
    }

    /// The same finding where it matters less: something else stands in.
    package var asOdd: DoctorLine {
        var line = self
        if mark == .wrong { line.mark = .odd }
        return line
    }
}

extension DoctorLine {
    /// `{"id": …, "status": "ok"|"warn"|"fail", "found": …, "remedy": …}`; no `remedy` where all is well.
    package var json: JSONValue {
        var object = JSONObject()
        object["id"] = .string(check.rawValue)
        object["status"] = .string(mark.rawValue)
        object["found"] = .string(found)
        if mark != .good { object["remedy"] = .string(remedy) }
        return .object(object)
    }

    /// - Returns: `nil` for what ``json`` never makes.
    package init?(_ json: JSONValue) {
        guard let check = json["id"]?.string.flatMap(DoctorCheck.init), let found = json["found"]?.string,
            let mark = json["status"]?.string.flatMap(Mark.init)
        else { return nil }
        self.init(check, mark, found, json["remedy"]?.string ?? "")
    }
}
