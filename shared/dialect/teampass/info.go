package teampass

import "tresor/shared/vault"

// version answers what the last 2.1 releases do (teampass 1). Made by hand in the original, like add/item's answer.
func version(*vault.Reader) (answer, error) { return answer(`{"api-version":"2.1.5"}`), nil }

// complexityLevels answers the names of a folder's documented complexities (teampass 5.18).
func complexityLevels(*vault.Reader) (answer, error) {
	return encode(object{
		{"0", "Very weak"}, {"25", "Weak"}, {"50", "Medium"}, {"60", "Strong"}, {"70", "Very strong"}, {"80", "Heavy"}, {"90", "Very heavy"},
	}), nil
}
