// Package storetest is what every store of the register must do, whichever database it speaks to.
package storetest
