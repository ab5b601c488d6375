import Shared

/// What a browser shows at `/`: which contracts are there.
enum IndexPage {
    static func html(_ store: BrokerStore, links: Links) -> String {
        let rows = store.pairs.keys.sorted()
            .compactMap { pair -> String? in
                guard let latest = store.latest(pair, .overall) else { return nil }
                return """
                    <tr><td>\(escaped(pair.consumer))</td><td>\(escaped(pair.provider))</td>
                    <td><a href="\(escaped(links.pact(pair)))/latest">\(escaped(latest.version))</a></td>
                    <td>\(escaped(latest.createdAt.text))</td></tr>
                    """
            }
        let contracts = rows.count == 1 ? "1 contract" : "\(rows.count) contracts"
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>local-broker</title>
            <style>body{font:16px/1.5 sans-serif;margin:2rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}</style>
            </head><body><h1>local-broker</h1><p>\(contracts). A small Pact Broker for tests, not for production.</p>
            <table><tr><th>Consumer</th><th>Provider</th><th>Latest version</th><th>Published</th></tr>
            \(rows.joined(separator: "\n"))
            </table></body></html>

            """
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
