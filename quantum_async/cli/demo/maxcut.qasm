// One layer of QAOA for MaxCut on a house: a square with a roof, five corners, six edges.
OPENQASM 3.0;
include "stdgates.inc";

input float gamma;
input float beta;

qubit[5] q;
bit[5] c;

h q;

// The walls.
cx q[0], q[1]; rz(2 * gamma) q[1]; cx q[0], q[1];
cx q[1], q[2]; rz(2 * gamma) q[2]; cx q[1], q[2];
cx q[2], q[3]; rz(2 * gamma) q[3]; cx q[2], q[3];
cx q[0], q[3]; rz(2 * gamma) q[3]; cx q[0], q[3];

// The roof.
cx q[0], q[4]; rz(2 * gamma) q[4]; cx q[0], q[4];
cx q[1], q[4]; rz(2 * gamma) q[4]; cx q[1], q[4];

rx(2 * beta) q;

c = measure q;
