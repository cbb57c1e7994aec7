mod readme;
mod shape;
