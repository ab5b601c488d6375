/// A place in a text, as an editor shows it.
package struct TextPosition: Equatable, Sendable, CustomStringConvertible {
    /// 1 for the first line. Lines end with a line feed, so CRLF counts once.
    package var line: Int
    /// 1 for the first character of the line. Counted in Unicode scalars, not bytes, as most editors do.
    package var column: Int
    /// Bytes before the place.
    package var offset: Int

    package init(line: Int, column: Int, offset: Int) {
        self.line = line
        self.column = column
        self.offset = offset
    }

    /// The position of `offset` in `bytes`; an offset beyond the end means the end.
    ///
    /// Costs one pass over everything before: positions are worked out only for something that will be reported.
    package init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        let end = min(offset, bytes.count)
        var line = 1
        var column = 1
        for index in 0..<end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.init(line: line, column: column, offset: end)
    }

    package var description: String { "line \(line), column \(column)" }
}
