//! Unattended operation around all of it: the canvas (a window, or none), pictures, staying up.
