// In pages opened from a folder the search works in a hidden frame (iframe-worker.js). It is made when something is
// first looked for: until then no page pays for it.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.address = address;
    }
    postMessage(data) {
      if (!this.frame) {
        this.frame = new IFrameWorker(this.address);
        this.frame.addEventListener("message", ({ data }) => {
          this.dispatchEvent(new MessageEvent("message", { data }));
        });
      }
      this.frame.postMessage(data);
    }
  };
}
