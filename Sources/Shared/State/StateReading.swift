/// What one read of a section found.
package enum StateReading<Content: StateSectionContent> {
    /// A content that this reader has not returned before.
    case content(Content, sequence: UInt32)
    /// The content is the one that this reader returned last.
    case unchanged
    /// There is no file, or its section holds nothing (yet): after a replacement the owner writes it again within one
    /// turn of its loop. What the reader returned before, in the same run, still holds.
    case empty
    /// The file or the section cannot be read now; what the reader returned before is the best that is known.
    case unreadable(StateError)
}

/// The last content that could be read, for the time when it cannot.
package struct StateSnapshot<Content: StateSectionContent>: Sendable {
    package var content: Content
    package var sequence: UInt32
    /// When a read last found this content to be the current one.
    package var confirmed: MonotonicTime
}
