(function () {
	"use strict";
	document.addEventListener("keydown", function (e) {
		if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || /^(INPUT|SELECT|TEXTAREA|PRE)$/.test(e.target.tagName)) { return; }
		var link = { ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]", n: "a[data-key=n]", p: "a[data-key=p]" }[e.key];
		var page = document.querySelector(".one:target") || document.querySelector("main.one");
		var a = link && page && page.querySelector(link);
		if (a) { location.href = a.href; }
	});
})();
