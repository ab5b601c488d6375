/// An application the broker knows, as consumer or provider.
struct Pacticipant: Sendable, Codable {
    var name: String
    /// Creation order among all pacticipants.
    var order: Int
    var createdAt: BrokerTime
    var updatedAt: BrokerTime?
    var mainBranch: String?
    var versions: [String: ConsumerVersion] = [:]
    /// The order that the next version gets; never reused.
    var nextVersionOrder = 1
    var branches: [ConsumerVersion.Label] = []

    /// Latest first.
    var versionsByOrder: [ConsumerVersion] { versions.values.sorted { $0.order > $1.order } }

    /// The latest version, of all or of those that `isIncluded` takes.
    func latestVersion(where isIncluded: (ConsumerVersion) -> Bool = { _ in true }) -> ConsumerVersion? {
        versions.values.filter(isIncluded).max { $0.order < $1.order }
    }

    /// `payment-gateway` → `Payment Gateway`, `fooBar` → `Foo Bar`.
    var displayName: String {
        var words: [String] = [""]
        var previous: Character?
        for character in name {
            let startsWord = character.isUppercase && previous.map { $0.isLowercase || $0.isNumber } ?? false
            if startsWord { words.append("") }
            if "-_. ".contains(character) || character.isWhitespace {
                words.append("")
            } else {
                words[words.count - 1].append(character)
            }
            previous = character
        }
        return words.filter { !$0.isEmpty }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: " ")
    }
}
