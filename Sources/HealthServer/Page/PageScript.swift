/// The page's only script: without it the page is complete, with it the page follows what happens.
///
/// It never makes markup from text. What changes is taken from our own page, parsed where nothing runs: only times and
/// such numbers where nothing else changed, else that section. Focus, selection and scrolling of all others stay.
enum PageScript {
    static let text = """
        "use strict";
        (() => {
          const link = document.getElementById("link"), said = document.getElementById("said");
          const gone = "Connection lost. This is what was known last; trying again.";
          let skew = 0, source = null, busy = false, again = false, last = 0, shown = "";
          const main = () => document.querySelector("main");
          const verdict = () => document.getElementById("verdict-word").textContent;
          const clock = () => { skew = Number(main().dataset.now) - Date.now(); };
          const age = (time) => {
            const past = Date.now() + skew - time, s = Math.floor(Math.abs(past) / 1000);
            if (s === 0) return "now";
            const amount = s < 100 ? s + " s" : s < 6000 ? Math.floor(s / 60) + " min"
              : s < 172800 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " d";
            return past < 0 ? "in " + amount : amount + " ago";
          };
          const freshen = () => document.querySelectorAll("time").forEach((time) => {
            const words = time.querySelector(".age"), text = age(Date.parse(time.dateTime));
            if (words && words.textContent !== text) words.textContent = text;
          });
          const moving = "time, .live";
          const still = (section) => {
            const copy = section.cloneNode(true);
            copy.querySelectorAll(moving).forEach((part) => {
              part.replaceChildren();
              part.removeAttribute("datetime");
            });
            return copy.outerHTML;
          };
          const swap = (old, fresh) => {
            const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
            const places = [...old.querySelectorAll(".scroll")].map((area) => [area.id, area.scrollLeft]);
            const top = scrollY;
            old.replaceWith(fresh);
            places.forEach(([id, left]) => {
              const area = document.getElementById(id);
              if (area) area.scrollLeft = left;
            });
            const next = focus && document.getElementById(focus);
            if (next) next.focus({ preventScroll: true });
            if (scrollY !== top) scrollTo(scrollX, top);
          };
          const take = (old, fresh) => {
            if (still(old) !== still(fresh)) return swap(old, fresh);
            const parts = fresh.querySelectorAll(moving);
            old.querySelectorAll(moving).forEach((part, index) => {
              if (part.outerHTML !== parts[index].outerHTML) part.replaceWith(parts[index]);
            });
          };
          const refresh = async () => {
            if (busy || document.hidden) { again = true; return; }
            busy = true;
            again = false;
            try {
              const answer = await fetch("status", { headers: { Accept: "text/html" }, cache: "no-store" });
              if (!answer.ok) throw new Error(answer.status);
              const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
              const before = verdict();
              main().dataset.now = fresh.querySelector("main").dataset.now;
              clock();
              fresh.querySelectorAll("main > section").forEach((section) => {
                const old = document.getElementById(section.id);
                if (old) take(old, section);
              });
              document.title = fresh.title;
              if (verdict() !== before) said.textContent = verdict();
              freshen();
              if (source.readyState !== EventSource.OPEN) tell("not live, looking every 5 s", false);
            } catch {
              if (source.readyState !== EventSource.OPEN) tell(gone, true);
              setTimeout(() => { again = true; }, 2000);
            }
            last = Date.now();
            busy = false;
          };
          const tell = (text, isLost) => {
            link.hidden = false;
            link.classList.toggle("lost", isLost);
            if (link.textContent !== text) link.textContent = text;
          };
          const open = () => {
            source = new EventSource("events");
            source.onopen = () => tell("live", false);
            // At rest every look at the broker is an event: only what changes the verdict or a count is shown at once.
            source.onmessage = (event) => {
              let news = event.data;
              try { news = JSON.stringify({ ...JSON.parse(event.data), revision: 0 }); } catch { /* shown */ }
              const isNew = news !== shown;
              shown = news;
              if (!isNew && Date.now() - last < 5000) return;
              again = true;
              if (Date.now() - last > 250) refresh();
            };
            source.onerror = () => {
              if (source.readyState === EventSource.CLOSED) setTimeout(() => { again = true; open(); }, 5000);
              else tell(gone, true);
            };
          };
          clock();
          open();
          setInterval(freshen, 1000);
          setInterval(() => { if (again) refresh(); }, 250);
          addEventListener("pagehide", () => source.close());
          addEventListener("pageshow", (event) => { if (event.persisted) { open(); refresh(); } });
        })();
        """
}
