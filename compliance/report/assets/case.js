(function () {
	"use strict";
	document.addEventListener("keydown", function (e) {
		if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || /^(INPUT|PRE)$/.test(e.target.tagName)) { return; }
		var rel = { ArrowLeft: "prev", ArrowRight: "next" }[e.key];
		var a = rel && document.querySelector("a[rel=" + rel + "]");
		if (a) { location.href = a.href; }
	});
})();
