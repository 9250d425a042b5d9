/** A locally administered MAC address made of an IPv4 one: a neighbour's memory of who has the address stays right when it changes hands. */
export function macOf(address: string): string {
  const octets = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "42", ...octets].join(":");
}
