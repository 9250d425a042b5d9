/** Words for the names of containers that their user did not name: weather and temper of the sea, and what sails on it. */
export const adjectives = [
  "able", "afloat", "amber", "anchored", "azure", "beaming", "bold", "brackish", "bracing", "breezy", "bright", "brisk", "briny",
  "buoyant", "calm", "candid", "careful", "cheerful", "clear", "clever", "coastal", "copper", "coral", "curious", "dapper", "daring",
  "dashing", "deft", "drifting", "eager", "early", "easy", "ebbing", "fabled", "fair", "faithful", "fearless", "fleet", "foaming",
  "fresh", "gallant", "gentle", "gilded", "glad", "gleaming", "golden", "graceful", "hale", "handy", "happy", "hardy", "hearty",
  "hoisted", "humble", "indigo", "ivory", "jaunty", "jolly", "keen", "kind", "lateen", "leeward", "light", "limber", "lively", "loyal",
  "lucid", "lucky", "lunar", "merry", "mild", "misty", "moored", "nimble", "noble", "northern", "patient", "pearly", "placid",
  "plucky", "polar", "polite", "prompt", "proud", "quiet", "quick", "ready", "rigged", "rolling", "roving", "rustic", "salty",
  "sandy", "scenic", "seaworthy", "serene", "sheltered", "silver", "sleek", "snug", "solar", "southern", "spry", "stable", "starry",
  "steady", "stellar", "sterling", "stout", "sunny", "sure", "swift", "tacking", "tall", "tidal", "tidy", "tranquil", "trim",
  "trusty", "upbeat", "valiant", "vivid", "warm", "wavy", "western", "whistling", "windward", "witty", "zealous", "zesty",
] as const; // prettier-ignore

export const nouns = [
  "albatross", "anchor", "anemone", "argosy", "atoll", "barge", "barque", "barnacle", "bay", "beacon", "bight", "binnacle", "bollard",
  "boom", "bow", "breaker", "brig", "buoy", "cabin", "canoe", "capstan", "caravel", "catamaran", "channel", "chart", "clipper",
  "coast", "cockle", "compass", "coracle", "cormorant", "corvette", "cove", "current", "cutter", "davit", "deck", "delta", "dinghy",
  "dock", "dolphin", "dory", "drogue", "dugong", "estuary", "ferry", "fjord", "flotilla", "frigate", "galleon", "galley", "gannet",
  "gull", "halyard", "harbor", "hatch", "haven", "heron", "hull", "inlet", "island", "jetty", "junk", "kayak", "keel", "kelp",
  "ketch", "lagoon", "lantern", "lighthouse", "lugger", "manatee", "marina", "mariner", "marlin", "mast", "mooring", "narwhal",
  "nautilus", "oar", "ocean", "orca", "osprey", "otter", "outrigger", "paddle", "pelican", "pennant", "petrel", "pier", "pilot",
  "pinnace", "plover", "polaris", "porpoise", "porthole", "puffin", "quay", "raft", "reef", "regatta", "rigging", "rudder", "sail",
  "sampan", "schooner", "sextant", "shallop", "shoal", "skiff", "skipper", "sloop", "spar", "spinnaker", "spray", "starfish",
  "strait", "tern", "tide", "tiller", "topsail", "trawler", "trimaran", "tugboat", "turtle", "voyage", "walrus", "wharf", "wherry",
  "yacht", "yawl", "zephyr",
] as const; // prettier-ignore
