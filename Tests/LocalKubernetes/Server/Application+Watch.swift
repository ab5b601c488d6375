import Shared

extension Application {
    /// Opens a watch: the head at once, then what the version asks for.
    ///
    /// - Throws: ``APIStatus`` for what is refused before the stream; a version that is too old is an event in it.
    func openWatch(_ exchange: Exchange, _ effect: FaultRule.WatchEffect?) throws(APIStatus) {
        let setup = Watch.Setup(
            selection: try selection(exchange),
            form: exchange.form,
            options: try WatchOptions(exchange.target, options.streamingLists),
            user: exchange.identity?.user ?? "",
            target: exchange.request.target,
            userAgent: exchange.request.header("user-agent"),
            name: exchange.wanted?.name
        )
        note(exchange, 200)
        let connection = exchange.connection
        connection.startStream(headers: headers(exchange))
        let asked = setup.options.version ?? 0
        let startsWithState = asked == 0 || setup.options.sendsInitialEvents
        if case .error(let status)? = effect {
            let expired = startsWithState ? APIStatus.expiredWatch : .tooOld(asked, oldest: store.version)
            connection.write(line: (status ?? expired).errorEvent)
            return connection.endStream()
        }
        // Of a version from the future nothing is ever told (recording 10).
        let isFuture = asked > store.version
        let watch = register(setup, on: connection, position: startsWithState && !isFuture ? store.version : asked)
        if let effect { watch.perform(effect) }
        if startsWithState, !isFuture {
            watch.deliverInitial(store.objects.values.sorted { $0.key < $1.key })
            if setup.options.sendsInitialEvents { watch.bookmark(store.version, endsInitialEvents: true) }
        } else {
            do throws(APIStatus) {
                for event in isFuture ? [] : try store.events(after: asked) { watch.deliver(event) }
            } catch {
                watch.perform(.error(error))
                return forget(watch)
            }
        }
        schedule(watch)
    }

    private func schedule(_ watch: Watch) {
        let options = watch.options
        watch.add(
            schedule(options.timeout) { [self] in
                forget(watch)
                watch.end()
            }
        )
        guard options.allowsBookmarks else { return }
        bookmarkLater(watch)
        // Two seconds before the end; streams of 3 s had none, of 5 s one (recordings 06, 07).
        let last = options.timeout - .seconds(2)
        if last >= .seconds(2) { watch.add(schedule(last) { [self] in watch.bookmark(store.version) }) }
    }

    private func bookmarkLater(_ watch: Watch) {
        watch.add(
            schedule(options.bookmarkInterval) { [self] in
                watch.bookmark(store.version)
                if watches[watch.id] != nil { bookmarkLater(watch) }
            }
        )
    }
}
