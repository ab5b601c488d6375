internal import Shared

/// The last things that happened. Each section of the state keeps a ring of its own, so that a noisy one does not push
/// out what another remembers; here they are one list.
extension StatusPage {
    /// The newest of all rings, at most ``StateLimits/events``, the newest first. Of the same moment the later entry of a
    /// ring is newer; what has no readable date is oldest.
    static func merged(_ sections: StateSections) -> [PageEvent] {
        let rings: [(String, [StateEvent])] = [
            ("processes", sections.processes?.events ?? []), ("source", sections.source?.events ?? []),
            ("publication", sections.publication?.events ?? []),
        ]
        let all = rings.flatMap { origin, events in
            events.enumerated()
                .map { index, event in
                    PageEvent(origin: origin, time: UTCTimestamp(event.time), place: index, event: event)
                }
        }
        let sorted = all.sorted { first, second in
            let times = (first.time?.milliseconds ?? .min, second.time?.milliseconds ?? .min)
            return times.0 != times.1 ? times.0 > times.1 : first.place > second.place
        }
        return Array(sorted.prefix(StateLimits.events))
    }

    func events(_ writer: inout HTMLWriter) {
        writer.section("log", "Last events") { writer in
            let events = Self.merged(sections)
            guard !events.isEmpty else {
                writer.element("p", text: "Nothing has happened yet.")
                return
            }
            let caption = "The last \(events.count), the newest first"
            writer.table("log", caption: caption, columns: ["When", "What", "Of"]) { writer in
                for event in events { writer.element("tr") { row(event, &$0) } }
            }
        }
    }

    private func row(_ entry: PageEvent, _ writer: inout HTMLWriter) {
        writer.element("th", "scope=\"row\" class=\"when\"") { writer in
            if let time = entry.time { writer.time(time, clock) } else { writer.name(entry.event.time) }
        }
        // Below each other: on a narrow screen a column of its own would be out of sight.
        writer.element("td", "class=\"what\"") { writer in
            writer.element("strong") { $0.name(entry.event.message) }
            let fields = entry.event.fields.sorted { $0.key < $1.key }
            for field in fields.prefix(Self.listed) {
                writer.markup("<br>")
                writer.element("span", "class=\"quiet\"") { writer in
                    writer.name(field.key)
                    writer.markup(":")
                }
                writer.markup(" ")
                writer.name(field.value, limit: 300)
            }
        }
        writer.element("td", "class=\"word\"", text: entry.origin)
    }
}

/// An event with the section that remembers it.
struct PageEvent: Equatable {
    var origin: String
    /// `nil`: the section's text is no date.
    var time: UTCTimestamp?
    /// Its place in the section's ring.
    var place: Int
    var event: StateEvent
}
