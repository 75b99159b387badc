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
	function show() {
		var words = q.value.toLowerCase().split(/\s+/).filter(Boolean), v = form.elements.v.value, n = 0;
		bodies.forEach(function (b) {
			var any = false;
			b.rows.forEach(function (r) {
				var fits = (!g.value || b.group === g.value) && (!v || r.has.indexOf(v) >= 0) && words.every(function (w) {
					if (/^[a-z]?[\d.]+$/.test(w) && (w.length < 3 || w.indexOf(".") >= 0)) {
						return (r.id.toLowerCase() + ".").indexOf(w) === 0;
					}
					return r.text.indexOf(w) >= 0;
				});
				r.el.hidden = !fits;
				if (fits) { any = true; n++; }
			});
			b.el.hidden = !any;
		});
		nothing.hidden = n > 0;
		found.textContent = n + (n === 1 ? " case" : " cases");
	}
	// The filter is in the fragment, such as #v=short&g=6, so that links include it.
	function save() {
		var p = new URLSearchParams();
		[["v", form.elements.v.value], ["g", g.value], ["q", q.value]].forEach(function (kv) {
			if (kv[1]) { p.set(kv[0], kv[1]); }
		});
		try { history.replaceState(null, "", "#" + p); } catch (e) { location.replace("#" + p); }
	}
	function load() {
		var hash = location.hash.slice(1);
		if (hash.indexOf("=") >= 0) {
			var p = new URLSearchParams(hash);
			q.value = p.get("q") || "";
			g.value = p.get("g") || "";
			Array.prototype.forEach.call(form.querySelectorAll("[name=v]"), function (r) { r.checked = r.value === (p.get("v") || ""); });
			if (!form.querySelector("[name=v]:checked")) { form.querySelector("[name=v]").checked = true; }
			if (g.selectedIndex < 0) { g.value = ""; }
		}
		show();
		var row = document.getElementById(hash);
		if (row && row.hidden) { // show the target of a link regardless of the filter
			form.reset();
			show();
			row.scrollIntoView();
		}
		return hash.indexOf("=") >= 0;
	}
	form.hidden = false;
	Array.prototype.forEach.call(document.querySelectorAll("a.js"), function (a) { a.hidden = false; });
	form.addEventListener("input", function () { show(); save(); });
	form.addEventListener("submit", function (e) { e.preventDefault(); });
	window.addEventListener("pageshow", load);
	window.addEventListener("hashchange", load);
	document.addEventListener("keydown", function (e) {
		if (e.key === "/" && !e.ctrlKey && !e.metaKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) {
			e.preventDefault();
			q.focus();
		}
	});
	if (load()) {
		form.scrollIntoView();
	} else if (location.hash) {
		var row = document.getElementById(location.hash.slice(1));
		if (row) { row.scrollIntoView(); }
	}
})();
