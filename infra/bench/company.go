package bench

import (
	"context"
	"fmt"
	"net/http"

	"tresor/shared/auth"
	"tresor/shared/dialect"
	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// The shape of a large company, whatever the number of its entries.
const (
	companyUsers  = 200
	companyGroups = 50
	companyTrees  = 500 // of ten projects each: a root, three below it, and two below each of these
	companyTags   = 40
	perTree       = 10
)

const companyPassword = "correct horse battery staple"

// company measures what a Normal user's lists cost in a large vault, where it may read a part.
func company(ctx context.Context, o Options) ([]Figure, error) {
	p, err := foundInMemory(ctx, vaulttest.NewMemory())
	if err != nil {
		return nil, err
	}
	if err := p.staff(ctx); err != nil {
		return nil, err
	}
	if err := p.trees(ctx); err != nil {
		return nil, err
	}
	if err := p.stock(ctx, o.Many); err != nil {
		return nil, err
	}
	parts := dialect.Parts{Vault: p.vault, Auth: p.auth}
	passwords, projects := dialect.Functions["TpmPasswordsFunction"](parts), dialect.Functions["TpmProjectsFunction"](parts)
	var figures []Figure
	for _, m := range []struct {
		name, path string
		handler    http.Handler
		budget     float64
	}{
		{"page", "passwords.json", passwords, 10},
		{"count", "passwords/count.json", passwords, 10},
		{"search_in_name_tag", "passwords/search/in%3Acustomer%20name%3Aweb%20tag%3Ateam.json", passwords, 10},
		{"search_count", "passwords/search/in%3Acustomer%20name%3Aweb%20tag%3Ateam/count.json", passwords, 10},
		{"tree_level", "projects/0/subprojects.json", projects, 5},
	} {
		cpu, err := cpuOf(m.handler, func() *http.Request {
			r := request(http.MethodGet, "/index.php/api/v6/"+m.path, "")
			r.SetBasicAuth("user007", companyPassword)
			return r
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		figures = append(figures, Figure{fmt.Sprintf("normal_user_%s_at_%d", m.name, o.Many), cpu, "ms of CPU", atMost(m.budget)})
	}
	return figures, nil
}

// staff makes the users and groups. Each user is in three groups.
func (p *process) staff(ctx context.Context) error {
	hash, err := auth.HashPassword(ctx, companyPassword)
	if err != nil {
		return err
	}
	_, err = vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (struct{}, error) {
		members := make([][]vault.UserID, companyGroups)
		for i := range companyUsers {
			id, err := t.CreateUser(vault.User{Username: fmt.Sprintf("user%03d", i), Name: fmt.Sprintf("User %d", i), Role: vault.NormalUser}, auth.SealHash(p.sealer, hash))
			if err != nil {
				return struct{}{}, err
			}
			for g := range 3 {
				at := (i + 17*g) % companyGroups
				members[at] = append(members[at], id)
			}
		}
		for i, list := range members {
			if _, err := t.CreateGroup(vault.Group{Name: fmt.Sprintf("Group %02d", i), Members: list}); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// trees makes the projects. Each root is granted to two groups and to one user; what is below inherits.
func (p *process) trees(ctx context.Context) error {
	for tree := range companyTrees {
		_, err := vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (struct{}, error) { return struct{}{}, p.tree(t, tree) })
		if err != nil {
			return fmt.Errorf("tree %d: %w", tree, err)
		}
	}
	return nil
}

func (p *process) tree(t *vault.Tx, tree int) error {
	ids := make([]vault.ProjectID, 0, perTree)
	for i := range perTree {
		project := vault.Project{Name: fmt.Sprintf("%s %d of customer %03d", word(i), i, tree), Manager: p.admin.AdminID}
		if i > 0 {
			project.Parent = ids[(i-1)/3]
		}
		id, err := t.CreateSubproject(project)
		if err != nil {
			return err
		}
		if ids = append(ids, id); i > 0 {
			continue
		}
		groups := []vault.ProjectGroupGrant{{Group: vault.GroupID(1 + tree%companyGroups), Level: vault.ProjectRead}}
		if next := vault.GroupID(1 + (tree+1)%companyGroups); next > groups[0].Group {
			groups = append(groups, vault.ProjectGroupGrant{Group: next, Level: vault.ProjectManage})
		}
		users := []vault.ProjectUserGrant{{User: vault.UserID(2 + tree%companyUsers), Level: vault.ProjectCreate}}
		if err := t.SetGrants(vault.ProjectGrants{Project: id, All: vault.ProjectUnset, Users: users, Groups: groups}); err != nil {
			return err
		}
	}
	return nil
}

// stock makes the entries. One in twenty grants something itself.
func (p *process) stock(ctx context.Context, n int) error {
	for done := 0; done < n; done += batch {
		_, err := vault.Update(ctx, p.vault, operator(), func(t *vault.Tx) (struct{}, error) {
			tags, err := t.EnsureTags([]string{fmt.Sprintf("team %02d", done/batch%companyTags), "linux"})
			if err != nil {
				return struct{}{}, err
			}
			for i := done; i < min(done+batch, n); i++ {
				e := p.entry(i)
				e.Project, e.Tags, e.Category = p.project+spread+vault.ProjectID(i*7%(companyTrees*perTree)), tags[:1+i%2], vault.DefaultCategory
				if i%20 == 0 {
					e.Users = []vault.UserGrant{{User: vault.UserID(2 + i/20%companyUsers), Level: vault.LevelRead}}
				}
				if _, err := t.CreateEntry(e, vault.Payload{}); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			return fmt.Errorf("stock: %w", err)
		}
	}
	return nil
}
