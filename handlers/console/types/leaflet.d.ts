// Leaflet comes out of its wheel, which has no types: it is imported for what it does to the window.
declare module "console/leaflet";
