package lake

// Object is object, for its test.
var Object = object
