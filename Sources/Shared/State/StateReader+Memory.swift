/// What a reader remembers between two calls.
extension StateReader {
    struct State {
        var file: ReadableStateFile?
        /// Why there is no file; `nil` with no file: there is none.
        var failure: StateError?
        /// Counts the files: sequences and change words of two files cannot be compared.
        var generation: UInt32 = 0
        var lastLook: MonotonicTime?
        /// The last content returned for each section.
        var good: [StateSection: Good] = [:]
        /// What the last read of each section found.
        var observed: [StateSection: Observed] = [:]

        /// The generation and the number of changes in one word.
        var changeWord: UInt32 {
            let changes = file.map { HexWord.decode($0.changes) ?? 0 } ?? 0
            return generation << 16 | UInt32(changes)
        }
    }

    struct Good {
        var sequence: UInt32
        var content: any StateSectionContent
        var confirmed: MonotonicTime
    }

    struct Observed {
        var generation: UInt32
        /// `nil`: the word is no number.
        var sequence: UInt32?
        var finding: Finding

        /// The sequence whose slot need not be read again.
        var known: UInt32? {
            if case .damaged = finding { return nil }
            return sequence
        }
    }

    /// What a sequence turned out to be.
    enum Finding {
        case content
        case empty
        /// This sequence cannot be decoded; reading it again would not help.
        case undecodable(StateError)
        case damaged
    }
}
