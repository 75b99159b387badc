(function () {
	"use strict";
	var form = document.getElementById("filter"), q = document.getElementById("q"), g = document.getElementById("g");
	var nothing = document.getElementById("nothing"), found = document.getElementById("found");
	var bodies = Array.prototype.map.call(document.querySelectorAll("#cases tbody"), function (b) {
		return {
			el: b, group: b.dataset.g,
			rows: Array.prototype.map.call(b.querySelectorAll("tr.case"), function (r) {
				return { el: r, has: r.dataset.f.split("|"), text: r.firstElementChild.textContent.toLowerCase(), id: r.querySelector("b").textContent };
			})
		};
	});
	function apply() {
		var words = q.value.toLowerCase().split(/\s+/).filter(Boolean), v = form.elements.v.value, n = 0;
		bodies.forEach(function (b) {
			var any = false;
			b.rows.forEach(function (r) {
				var show = (!g.value || b.group === g.value) && (!v || r.has.indexOf(v) >= 0) && words.every(function (w) {
					if (/^[a-z]?[\d.]+$/.test(w) && (w.length < 3 || w.indexOf(".") >= 0)) {
						return (r.id.toLowerCase() + ".").indexOf(w) === 0;
					}
					return r.text.indexOf(w) >= 0;
				});
				r.el.hidden = !show;
				if (show) { any = true; n++; }
			});
			b.el.hidden = !any;
		});
		nothing.hidden = n > 0;
		found.textContent = n + " cases";
	}
	form.hidden = false;
	form.addEventListener("input", apply);
	form.addEventListener("submit", function (e) { e.preventDefault(); });
	window.addEventListener("pageshow", apply);
	document.addEventListener("keydown", function (e) {
		if (e.key === "/" && !e.ctrlKey && !e.metaKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) {
			e.preventDefault();
			q.focus();
		}
	});
	if (location.hash) {
		var row = document.getElementById(location.hash.slice(1));
		if (row) { row.scrollIntoView(); }
	}
})();
