package vault

import "maps"

// Settings returns every setting that was set. Errors: Forbidden.
func (r *Reader) Settings() (map[string]string, error) {
	if !r.MayAdmin(ReadSettings, AdminTarget{}) {
		return nil, fail(Forbidden, "not allowed to read settings")
	}
	all := maps.Clone(r.state.settings)
	if o, ok := r.x.(*overlay); ok {
		maps.Copy(all, o.settingsNow)
	}
	return all, nil
}
