/** Leaflet out of its wheel, which sets `window.L`: what the map uses of it is not described here. */
export {};
